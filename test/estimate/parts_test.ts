import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { estimateDocumentSchema } from "../../src/cli/schemas/estimate_schema.ts";
import { estimateDocument } from "../../src/estimate/document.ts";
import { builtinFactors } from "../../src/estimate/factors/builtin.ts";
import { GOOGLE_GRID } from "../../src/estimate/factors/grid_google.ts";
import { applyOverrides, parseFactorFlag } from "../../src/estimate/factors/overrides.ts";
import { energyByCounter } from "../../src/estimate/formulas/counter_series.ts";
import { phasesOf, phaseUse, requestShare } from "../../src/estimate/phases.ts";
import { estimateContext } from "../../src/estimate/usage/context.ts";
import { estimateUsage } from "../../src/estimate/usage/estimate_usage.ts";
import { BUILTIN_SITES } from "../../src/model/profiles/builtin/sites.ts";
import { hardwareProfileSchema } from "../../src/model/profiles/hardware.ts";
import { siteProfileSchema } from "../../src/model/profiles/site.ts";
import type { Usage } from "../../src/model/usage.ts";
import { spillway } from "../spillway.ts";
import { near, printed } from "./near.ts";

const SITE = siteProfileSchema.parse({ name: "s", gridGramsPerKwh: 400, pue: 1.2, lifeYears: 5 });

const HARDWARE = hardwareProfileSchema.parse({
  name: "one drive",
  ssds: [{
    name: "PM9D3a",
    capacityBytes: 7.68e12,
    enduranceBytes: 14_016e12,
    readBytesPerSecond: 7e9,
    writeBytesPerSecond: 4e9,
  }],
});

function factorsWith(flags: readonly string[]) {
  return applyOverrides(builtinFactors(), flags.map(parseFactorFlag), "2026-06-01");
}

function priced(usage: Usage, flags: readonly string[] = [], hardware = HARDWARE) {
  return estimateUsage(usage, estimateContext(SITE, hardware, factorsWith(flags)));
}

const RUN: Usage = {
  wallSeconds: 36_000,
  functionalUnits: {},
  devices: [{ kind: "cpu", count: 8, reservedSeconds: 8 * 36_000, busySeconds: 1e5 }],
  flows: [],
  held: [],
  evidence: "measured",
};

const mid = (e: ReturnType<typeof estimateUsage>, id: string) => Number(e.metrics[id].value);

test("E7: a drive is charged by its own mean rate, the job's burst does not make it dearer", () => {
  const drives = [{ device: "nvme0", lifetimeHostBytes: 1000e12, powerOnHours: 10_000 }];
  const burst = (bytes: number): Usage => ({
    ...RUN,
    measured: { ssdHostWrittenBytes: bytes, drives },
  });
  // 0.1 TB/h: the drive would last 140 160 h by writes, so its life of 43 800 h binds: 96.438 g.
  printed(mid(priced(burst(100e12)), "storage_embodied_grams_co2e"), "96.438");
  near(
    mid(priced(burst(100e12)), "storage_embodied_grams_co2e"),
    mid(priced(burst(1e12)), "storage_embodied_grams_co2e"),
  );
  // What the job wears off is still its own: the decision view.
  printed(mid(priced(burst(100e12)), "ssd_wear_grams_co2e") / 1000, "3.013699");
});

test("E7: tenants of a drive that its writes wear out sum to the whole drive", () => {
  // 10 TB/h over its life: worn out after 1401.6 h, used up by whoever runs in them.
  const drives = [{ device: "nvme0", lifetimeHostBytes: 10_000e12, powerOnHours: 1000 }];
  const tenants = [3600, 7200, (1401.6 - 3) * 3600].map((wallSeconds) =>
    mid(
      priced({ ...RUN, wallSeconds, measured: { ssdHostWrittenBytes: 1e12, drives } }),
      "storage_embodied_grams_co2e",
    )
  );
  near(tenants.reduce((a, b) => a + b, 0), 422_400);
});

test("F9: of two drives each is used up by what binds it; a third without a log by time", () => {
  const three = { ...HARDWARE, ssds: [{ ...HARDWARE.ssds[0], count: 3 }] };
  const drives = [
    { device: "nvme0", lifetimeHostBytes: 10_000e12, powerOnHours: 1000 },
    { device: "nvme1", lifetimeHostBytes: 100e12, powerOnHours: 20_000 },
  ];
  const site = siteProfileSchema.parse({ ...SITE, electricityUsdPerKwh: 0, depreciationYears: 3 });
  const usage = { ...RUN, measured: { ssdHostWrittenBytes: 1e12, drives } };
  const context = estimateContext(site, three, factorsWith(["capex.host=1"]));
  const estimate = estimateUsage(usage, context);
  // 10 h: nvme0 wears out in 1401.6 h, the others live 43 800 h, or 26 280 h in the books.
  near(
    mid(estimate, "storage_embodied_grams_co2e"),
    422_400 * (10 / 1401.6 + 2 * 10 / 43_800),
  );
  near(
    mid(estimate, "storage_usd"),
    7680 * 0.35644531 * (10 / 1401.6 + 2 * 10 / 26_280),
  );
  // 4016 TB of nvme0 are left at 10 TB an hour: it goes first.
  near(mid(estimate, "ssd_left_days"), 4016 / 240);
});

test("P2b: without a lifetime of the drives the job's own rate decides, and that is said", () => {
  const alone = priced({ ...RUN, measured: { ssdHostWrittenBytes: 100e12 } });
  printed(mid(alone, "storage_embodied_grams_co2e") / 1000, "3.013699");
  assert.ok(alone.notes.some((n) => /taken to be alone/.test(n)));
});

test("the drives' days left count from what is already written; amplification is shown, not multiplied", () => {
  const drives = [{ device: "nvme0", lifetimeHostBytes: 7008e12, powerOnHours: 7008 }];
  const e = priced({
    ...RUN,
    measured: { ssdHostWrittenBytes: 100e12, ssdMediaWrittenBytes: 260e12, drives },
  });
  near(mid(e, "ssd_left_days"), (14_016 - 7008) / 24);
  near(mid(e, "ssd_write_amplification_ratio"), 2.6);
  near(mid(e, "ssd_wear_ratio"), 100 / 14_016);
});

test("E7, P3: three ways to count wear, the default is host bytes over TBW and the others never join it", () => {
  const usage: Usage = {
    ...RUN,
    measured: { ssdHostWrittenBytes: 100e12, ssdMediaWrittenBytes: 200e12 },
  };
  const plain = priced(usage);
  assert.equal(plain.metrics.ssd_wear_amplified_ratio, undefined);
  const e = priced(usage, [
    "ssd.rated_amplification=3",
    "ssd.pe_cycles=3000",
    "drives.raw_bytes=8.192e12",
  ]);
  near(mid(e, "ssd_wear_ratio"), 100 / 14_016);
  near(mid(e, "ssd_wear_amplified_ratio"), 200 / 42_048);
  near(mid(e, "ssd_wear_nand_ratio"), 200 / (3000 * 8.192));
  near(mid(e, "ssd_wear_grams_co2e"), mid(plain, "ssd_wear_grams_co2e"));
});

test("E17: idle by reservation is the node's idle power by the share of its GPUs", () => {
  const usage: Usage = {
    ...RUN,
    wallSeconds: 3600,
    evidence: "modelled",
    devices: [{ kind: "gpu", key: "a100_sxm", count: 2, reservedSeconds: 7200, busySeconds: 7200 }],
  };
  const e = priced(usage, [
    "host8.watts_without_memory=1016",
    `gpu.idle_share=${62 / 400}`,
    `gpu.busy_share=${300 / 400}`,
  ]);
  near(mid(e, "idle_energy_joules") / 3600, 1512 * 2 / 8);
  near(mid(e, "energy_joules") / 3600, 854);
});

test("E18: water takes WUE on IT energy and the grid's part with PUE, once", () => {
  const site = { ...SITE, wueLitresPerKwh: { low: 0.18, mid: 0.18, high: 0.18 } };
  const factors = factorsWith(["water.grid=3.1"]);
  const usage: Usage = { ...RUN, measured: { joules: { node: 100 * 3.6e6 } } };
  const e = estimateUsage(usage, estimateContext(site, null, factors));
  near(mid(e, "water_litres"), 390);
  near(mid(e, "site_water_litres"), 18);
});

test("the fleet view divides embodied carbon by the reserved share of the fleet", () => {
  const e = priced(RUN, ["fleet.utilisation=0.4"]);
  near(mid(e, "fleet_embodied_grams_co2e"), mid(e, "embodied_grams_co2e") / 0.4);
});

function documentOf(usages: readonly [string, Usage][], samples?: { seed: number; count: number }) {
  return estimateDocument(
    { name: "spillway", version: "0" },
    { kind: "run", id: null, name: "r" },
    usages.map(([name, usage]) => ({ name, usage })),
    estimateContext(SITE, null, factorsWith(["rent.gpu.h100_sxm=2..8"])),
    "2026-06-01",
    [],
    samples,
  );
}

test("W18: counters and samples that disagree by more than 5 % are warned of", () => {
  const gpu = (integral: number): Usage => ({
    ...RUN,
    measured: { joules: { gpu: 187 }, gpuIntegralJoules: integral },
  });
  assert.ok(documentOf([["r", gpu(327)]]).warnings.some((w) => /74\.9 % apart/.test(w)));
  assert.ok(!documentOf([["r", gpu(190)]]).warnings.some((w) => /apart/.test(w)));
});

test("a percentage comes only from seeded samples, and the same seed gives the same", () => {
  const gpus = (busySeconds: number): Usage => ({
    ...RUN,
    evidence: "modelled",
    devices: [{ kind: "gpu", key: "h100_sxm", count: 1, reservedSeconds: 3600, busySeconds }],
  });
  const dram: Usage = {
    ...gpus(2000),
    held: [{ tier: "dram", byteSeconds: 2e12 * 3600 }],
  };
  const pair: [string, Usage][] = [["busy", gpus(3600)], ["dram", dram]];
  const plain = documentOf(pair).comparisons!;
  assert.ok(plain.every((c) => c.sampledShare === undefined && !/samples/.test(c.sentence)));
  const sampled = documentOf(pair, { seed: 3, count: 2000 }).comparisons!;
  const carbon = sampled.find((c) => c.metric === "total_grams_co2e")!;
  assert.equal(carbon.verdict, "depends");
  assert.ok(carbon.sampledShare! > 0 && carbon.sampledShare! < 1);
  assert.match(carbon.sentence, /lower in [\d.]+ % of 2000 samples of the coefficients \(seed 3/);
  assert.deepEqual(documentOf(pair, { seed: 3, count: 2000 }).comparisons, sampled);
  assert.notEqual(
    documentOf(pair, { seed: 4, count: 2000 }).comparisons!.find((c) =>
      c.metric === "total_grams_co2e"
    )!.sampledShare,
    carbon.sampledShare,
  );
});

test("energy by a counter: resets, wraps and missing readings; splitting a window adds up", () => {
  const reset = energyByCounter([0, 1, 2, 3], [9000, 9100, 0.1, 50.1]);
  near(reset(0, 3), 100 + 0.1 + 50);
  near(reset(2.5, 3), 25);
  const wrap = energyByCounter([0, 10], [262_143, 1], 262_143.32885);
  near(wrap(0, 10), 1.32885, 1e-6);
  const gappy = energyByCounter([0, 1, 2], [0, NaN, 10]);
  near(gappy(0, 1), 5);
  assert.equal(gappy(5, 9), 0, "nothing is known after the last reading");
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 20 }),
    fc.double({ min: 0, max: 20, noNaN: true }),
    (readings, at) => {
      const energy = energyByCounter(readings.map((_, i) => i), readings);
      const whole = energy(0, 20);
      assert.ok(Math.abs(energy(0, at) + energy(at, 20) - whole) <= 1e-6 * Math.max(1, whole));
      assert.ok(energy(0, at) >= 0);
    },
  ));
});

test("phases between marks sum to the run: measured energy where it was, the rest by time", () => {
  const marks = [{ name: "decode", timeNs: 60e9 }, { name: "prefill", timeNs: 20e9 }];
  const phases = phasesOf(marks, 100);
  assert.deepEqual(phases.map((p) => [p.name, p.startSeconds, p.endSeconds]), [
    ["start", 0, 20],
    ["prefill", 20, 60],
    ["decode", 60, 100],
  ]);
  const counter = energyByCounter([0, 20, 60, 100], [0, 200, 2200, 2600]);
  const used = phaseUse(phases, 100, counter, {
    joules: { low: 3100, mid: 3600, high: 4600 },
    measuredJoules: 2600,
    gramsPerKwh: { low: 400, mid: 480, high: 500 },
  });
  near(used.reduce((a, p) => a + p.joules, 0), 3600);
  near(used[1].joules, 2000 + 1000 * 0.4);
  near(used[1].grams!, used[1].joules / 3.6e6 * 480);
  near(used[1].joulesLow, 2000 + 500 * 0.4);
  near(used[1].joulesHigh, 2000 + 2000 * 0.4);
  near(used[1].gramsLow!, used[1].joulesLow / 3.6e6 * 400);
  near(used[1].gramsHigh!, used[1].joulesHigh / 3.6e6 * 500);
  const blind = phaseUse(phases, 100, null, {
    joules: { low: 1000, mid: 1000, high: 1000 },
    measuredJoules: 0,
    gramsPerKwh: null,
  });
  assert.deepEqual(blind.map((p) => [p.joules, p.measuredJoules, p.grams]), [
    [200, null, null],
    [400, null, null],
    [400, null, null],
  ]);
});

test("W23: the parts of all requests sum to the energy, whatever the weights", () => {
  const request = fc.record({
    inputTokens: fc.integer({ min: 0, max: 1e5 }),
    outputTokens: fc.integer({ min: 0, max: 1e4 }),
  });
  fc.assert(fc.property(
    fc.array(request, { minLength: 1, maxLength: 200 }),
    fc.double({ min: 0.1, max: 100, noNaN: true }),
    (requests, weight) => {
      const share = requestShare(
        "r",
        { low: 1234.5, mid: 1234.5, high: 2469 },
        null,
        requests,
        weight,
      );
      assert.deepEqual(share.joulesSpan, { low: 1, high: 2 });
      near(share.sumJoules, 1234.5, 1e-9);
      assert.ok(share.maxJoules <= 1234.5 * (1 + 1e-9) && share.p50Joules <= share.p99Joules);
    },
  ));
});

test("W24: a site's grid carries the year of the grid row, not the year of the region's PUE", () => {
  const site = BUILTIN_SITES.find((s) => s.name === "aws-us-east-1")!;
  const context = estimateContext(site, null, builtinFactors());
  const grid = context.factors.get("site.grid")!;
  const row = GOOGLE_GRID.find(([region]) => region === "us-east4")!;
  const [year, value] = row[2][row[2].length - 1];
  assert.equal(grid.asOf, `${year}-12-31`);
  assert.equal(grid.value, value);
  assert.match(grid.source, /region-carbon-info/);
  // A year whose figures were copied from the year before would be equal nearly everywhere.
  const both = GOOGLE_GRID.filter(([, , years]) => years.length > 1);
  const copied = both.filter(([, , y]) => y[y.length - 1][1] === y[y.length - 2][1]);
  assert.ok(copied.length < both.length / 4, `${copied.length} of ${both.length} repeat a year`);
});

test("estimate shares a usage over a trace, samples verdicts and passes its own schema", () => {
  const cwd = mkdtempSync(join(tmpdir(), "parts-"));
  try {
    writeFileSync(join(cwd, "usage.json"), JSON.stringify({ ...RUN, functionalUnits: {} }));
    const lines = [10, 1000, 500].map((n, i) =>
      JSON.stringify({
        timestamp: i,
        input_length: n,
        output_length: 10,
        hash_ids: n > 512 ? [i, i + 10] : [i],
      })
    );
    writeFileSync(join(cwd, "t.jsonl"), lines.join("\n") + "\n");
    const done = spillway(
      ["estimate", "./usage.json", "--requests", "./t.jsonl", "--json", "--output-weight", "4"],
      { cwd },
    );
    assert.equal(done.code, 0, done.stderr);
    const document = estimateDocumentSchema.parse(JSON.parse(done.stdout));
    const [share] = document.requests!;
    assert.equal(share.requests, 3);
    near(share.sumJoules, share.totalJoules);
    assert.ok(
      share.provenance.coefficients.every((id) => document.coefficients.some((c) => c.id === id)),
    );
    near(share.inputShare!, 1510 / (1510 + 4 * 30));
    const bad = spillway(["estimate", "./usage.json", "--output-weight", "0"], { cwd });
    assert.equal(bad.code, 2);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});
