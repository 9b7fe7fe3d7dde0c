import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { builtinFactors } from "../../src/estimate/factors/builtin.ts";
import { applyOverrides, parseFactorFlag } from "../../src/estimate/factors/overrides.ts";
import { estimateContext } from "../../src/estimate/usage/context.ts";
import { compareEstimates, gridCrossover } from "../../src/estimate/usage/compare.ts";
import { estimateUsage } from "../../src/estimate/usage/estimate_usage.ts";
import { BUILTIN_SITES } from "../../src/model/profiles/builtin/sites.ts";
import { METRIC_CATALOG } from "../../src/model/metrics/catalog.ts";
import { siteProfileSchema } from "../../src/model/profiles/site.ts";
import type { Usage } from "../../src/model/usage.ts";
import { near } from "./near.ts";

const US = siteProfileSchema.parse({
  name: "us",
  gridGramsPerKwh: 396.25,
  pue: 1.15,
  electricityUsdPerKwh: 0.12,
  lifeYears: 5,
  asOf: "2026-01-01",
});

const USAGE: Usage = {
  wallSeconds: 3600,
  functionalUnits: { requests: 100, inputTokens: 1e6, outputTokens: 12_600_000 },
  devices: [{
    kind: "gpu",
    key: "h100_sxm",
    count: 8,
    reservedSeconds: 8 * 3600,
    busySeconds: 4 * 3600,
  }],
  flows: [{ tier: "ssd", direction: "write", bytes: 1e12, requests: 1000 }],
  held: [{ tier: "ssd", byteSeconds: 7.68e12 * 3600 }, { tier: "dram", byteSeconds: 1e12 * 3600 }],
  evidence: "modelled",
};

function at(usage: Usage, flags: string[] = [], site = US) {
  const factors = applyOverrides(builtinFactors(), flags.map(parseFactorFlag), "2026-06-01");
  const context = estimateContext(site, null, factors);
  return { context, estimate: estimateUsage(usage, context) };
}

test("a usage is priced by the formulas, part by part", () => {
  const m = at(USAGE).estimate.metrics;
  near(m.energy_gpu_joules.value as number, 700 * (4 * 3600 * 0.93 + 4 * 3600 * 0.12));
  near(m.energy_dram_joules.value as number, 1000 * 3600 * 0.284);
  near(m.energy_storage_joules.value as number, 7680 * 3600 * 6.302083e-4 + 1000 * 4.166667);
  near(m.energy_host_joules.value as number, 599 * 3600);
  const life = 5 * 8760 * 3600;
  near(m.gpu_embodied_grams_co2e.value as number, 8 * 3600 * 164_000 / life);
  near(m.dram_embodied_grams_co2e.value as number, 1000 * 3600 * 400 / life);
  // 1 TB in an hour on 7.68 TB held: wear (1000/1825 GB of life) beats time (7680 * 3600 / life).
  near(m.storage_embodied_grams_co2e.value as number, 55 * 1000 / 1825);
  near(m.ssd_wear_grams_co2e.value as number, 55 * 1000 / 1825);
  const joules = m.energy_joules.value as number;
  near(m.operational_grams_co2e.value as number, joules / 3.6e6 * 1.15 * 396.25);
  near(m.request_joules.value as number, joules / 100);
  near(m.kilo_output_token_joules.value as number, joules / 12_600);
  near(
    m.total_grams_co2e.value as number,
    (m.operational_grams_co2e.value as number) + (m.embodied_grams_co2e.value as number),
  );
});

test("W11: a GPU server's energy holds its GPUs; W25: the unseen share is a metric", () => {
  const m = at(USAGE).estimate.metrics;
  assert.ok((m.energy_gpu_joules.value as number) > 0);
  const share = m.unseen_energy_ratio.value as number;
  assert.ok(share > 0 && share < 1);
});

test("W10: embodied carbon of GPUs is shared by GPU, not by vCPU", () => {
  const one: Usage = {
    ...USAGE,
    devices: [{ ...USAGE.devices[0], count: 1, reservedSeconds: 3600, busySeconds: 1800 }],
  };
  const all = at(USAGE).estimate.metrics.gpu_embodied_grams_co2e.value as number;
  near((at(one).estimate.metrics.gpu_embodied_grams_co2e.value as number) * 8, all);
});

test("W15: without a power figure the energy is null with a reason, never 0", () => {
  for (const key of [undefined, "unheard_of"]) {
    const usage: Usage = { ...USAGE, devices: [{ ...USAGE.devices[0], key }] };
    const m = at(usage).estimate.metrics;
    for (const id of ["energy_joules", "operational_grams_co2e", "total_grams_co2e", "total_usd"]) {
      assert.equal(m[id].value, null, id);
      assert.ok(m[id].reason!.length > 10);
    }
    assert.ok(m.energy_dram_joules.value !== null);
  }
});

test("a usage that names no machine has unknown energy with a reason", () => {
  const m = at({ ...USAGE, devices: [], held: [], flows: [] }).estimate.metrics;
  assert.equal(m.energy_joules.value, null);
  assert.match(m.energy_joules.reason!, /no GPU, CPU or node/);
});

test("a site without a grid figure gives unknown carbon and known energy", () => {
  const site = BUILTIN_SITES.find((s) => s.grid === null && s.gridGramsPerKwh === null)!;
  const m = at(USAGE, [], site).estimate.metrics;
  assert.equal(m.operational_grams_co2e.value, null);
  assert.match(m.operational_grams_co2e.reason!, /--grid FILE/);
  assert.ok(m.energy_joules.value !== null);
});

test("a measured node stands for everything in it: idle power is not counted twice", () => {
  const m = at({ ...USAGE, measured: { joules: { node: 5e6 } } }).estimate.metrics;
  near(m.energy_joules.value as number, 5e6);
  assert.equal(m.energy_joules.evidence, "measured");
  assert.equal(m.energy_gpu_joules, undefined);
});

test("a measured GPU replaces the model of the GPU alone", () => {
  const m = at({ ...USAGE, measured: { joules: { gpu: 1e6 } } }).estimate.metrics;
  near(m.energy_gpu_joules.value as number, 1e6);
  assert.equal(m.energy_gpu_joules.evidence, "measured");
  assert.equal(m.energy_joules.evidence, "assumed");
});

test("evidence of a derived number is the weakest of its inputs", () => {
  const m = at({ ...USAGE, measured: { joules: { node: 5e6 } } }).estimate.metrics;
  assert.equal(m.operational_grams_co2e.evidence, "assumed");
});

test("the decision view leaves owned hardware out and keeps energy and wear", () => {
  const m = at(USAGE).estimate.metrics;
  near(
    m.decision_grams_co2e.value as number,
    (m.operational_grams_co2e.value as number) + (m.ssd_wear_grams_co2e.value as number),
  );
});

test("every metric of an estimate is in the catalog and has provenance", () => {
  const known = new Set(METRIC_CATALOG.map((d) => d.id));
  const { estimate, context } = at(USAGE, ["marginal=500", "wue=0.2"]);
  for (const [id, value] of Object.entries(estimate.metrics)) {
    assert.ok(known.has(id), `${id} is not in the catalog`);
    assert.equal(value.unit, METRIC_CATALOG.find((d) => d.id === id)!.unit, id);
    for (const c of estimate.provenance[id].coefficients) assert.ok(context.factors.has(c), c);
    if (value.value !== null) {
      assert.ok(value.low! <= Number(value.value) && Number(value.value) <= value.high!, id);
    }
  }
});

test("an override by flag moves what depends on it and nothing else", () => {
  const base = at(USAGE).estimate.metrics;
  const dear = at(USAGE, ["ssd.embodied=160"]).estimate.metrics;
  near(
    dear.storage_embodied_grams_co2e.value as number,
    (base.storage_embodied_grams_co2e.value as number) * 160 / 55,
  );
  assert.equal(dear.energy_joules.value, base.energy_joules.value);
  const grid = at(USAGE, ["grid=24.71"]).estimate.metrics;
  near(
    grid.operational_grams_co2e.value as number,
    (base.operational_grams_co2e.value as number) * 24.71 / 396.25,
  );
});

test("owned cost is depreciation, storage and facility energy; rented is hours", () => {
  const owned = at(USAGE).estimate.metrics;
  const life = 5 * 8760 * 3600;
  // 25 000 USD an eighth of a node less 256 GB of DRAM and 3800 GB of SSD, which the usage prices itself.
  near(owned.compute_usd.value as number, 20_046 * 8 * 3600 / life);
  near(
    owned.total_usd.value as number,
    (owned.compute_usd.value as number) + (owned.memory_usd.value as number) +
      (owned.storage_usd.value as number) +
      (owned.energy_joules.value as number) / 3.6e6 * 1.15 * 0.12,
  );
  const rented = at(USAGE, [], { ...US, ownership: "rented" }).estimate.metrics;
  near(rented.total_usd.value as number, 6.88 * 8);
});

test("without an electricity price the owned cost is unknown", () => {
  const m = at(USAGE, [], { ...US, electricityUsdPerKwh: null }).estimate.metrics;
  assert.equal(m.total_usd.value, null);
  assert.match(m.total_usd.reason!, /electricity/);
});

test("object storage costs by month and by request, with its copies in carbon", () => {
  const usage: Usage = {
    ...USAGE,
    flows: [{ tier: "object", direction: "write", bytes: 1e12, requests: 5000 }],
    held: [{ tier: "object", byteSeconds: 1e12 * 730 * 3600 }],
  };
  const m = at(usage).estimate.metrics;
  // Clouds bill 2^30 bytes as a GB (E13).
  near(m.storage_usd.value as number, 1e12 / 2 ** 30 * 0.023);
  near(m.object_request_usd.value as number, 5 * 0.005);
  near(m.energy_network_joules.value as number, 1000 * 0.000125 * 3.6e6);
});

test("the server's own drives give the wear of their rated life", () => {
  const hardware = {
    name: "box",
    gpu: null,
    ssds: [{ name: "d", count: 2, capacityBytes: 7.68e12, enduranceBytes: 14_016e12 }],
    // deno-lint-ignore no-explicit-any
  } as any;
  const context = estimateContext(US, hardware, builtinFactors());
  const m = estimateUsage(USAGE, context).metrics;
  near(m.ssd_wear_ratio.value as number, 1e12 / 28_032e12);
  near(m.ssd_wear_out_days.value as number, 28_032 / 24);
  assert.equal(m.ssd_wear_ratio.evidence, "modelled");
});

test("two policies are compared with tied coefficients, in both views", () => {
  const more: Usage = { ...USAGE, held: [{ tier: "ssd", byteSeconds: 7.68e12 * 7200 }] };
  const less = { ...USAGE, held: [{ tier: "ssd" as const, byteSeconds: 7.68e12 * 3600 }] };
  const { context, estimate } = at(less);
  const other = estimateUsage(more, context);
  const compared = compareEstimates(
    { name: "less", estimate },
    { name: "more", estimate: other },
    context,
  );
  const inventory = compared.find((c) => c.metric === "total_grams_co2e")!;
  assert.equal(inventory.verdict, "always");
  assert.ok(inventory.difference.high < 0);
  assert.deepEqual(compared.map((c) => c.view), [
    "inventory",
    "decision",
    "inventory",
    "inventory",
  ]);
});

test("the crossover sweep runs over the grid from 0 to 800 g/kWh", () => {
  const idle: Usage = { ...USAGE, devices: [{ ...USAGE.devices[0], busySeconds: 0 }], held: [] };
  const { context, estimate } = at(USAGE);
  const swept = gridCrossover(
    [{ name: "a", estimate }, { name: "b", estimate: estimateUsage(idle, context) }],
    context,
  )!;
  assert.equal(swept.x[0], 0);
  assert.equal(swept.x[swept.x.length - 1], 800);
  assert.equal(swept.lines.length, 2);
});

test("carbon grows with grid, PUE and SSD figures", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 700 }),
      fc.integer({ min: 1, max: 700 }),
      (grid, more) => {
        const carbon = (flags: string[]) =>
          at(USAGE, flags).estimate.metrics.total_grams_co2e.value as number;
        assert.ok(carbon([`grid=${grid + more}`]) > carbon([`grid=${grid}`]));
        assert.ok(carbon([`pue=${1 + more / 1000}`]) > carbon(["pue=1"]));
      },
    ),
    { numRuns: 10 },
  );
});
