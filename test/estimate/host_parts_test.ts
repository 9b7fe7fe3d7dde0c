import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinFactors } from "../../src/estimate/factors/builtin.ts";
import { applyOverrides, parseFactorFlag } from "../../src/estimate/factors/overrides.ts";
import { estimateContext } from "../../src/estimate/usage/context.ts";
import { estimateUsage } from "../../src/estimate/usage/estimate_usage.ts";
import { siteProfileSchema } from "../../src/model/profiles/site.ts";
import type { Usage } from "../../src/model/usage.ts";
import { near } from "./near.ts";

const SITE = siteProfileSchema.parse({
  name: "us",
  gridGramsPerKwh: 396.25,
  pue: 1.15,
  electricityUsdPerKwh: 0.12,
  lifeYears: 5,
  asOf: "2026-01-01",
});
const LIFE = 5 * 8760 * 3600;

/** A recorded hour on a server without GPUs. */
const RUN: Usage = {
  wallSeconds: 3600,
  functionalUnits: {},
  devices: [{ kind: "cpu", count: 64, reservedSeconds: 64 * 3600, busySeconds: 3600 }],
  flows: [
    { tier: "ssd", direction: "write", bytes: 1e12, requests: 1000 },
    { tier: "remote", direction: "read", bytes: 2e12, requests: 1000 },
  ],
  held: [
    { tier: "dram", byteSeconds: 100e9 * 3600 },
    { tier: "peer_dram", byteSeconds: 10e9 * 3600 },
    { tier: "ssd", byteSeconds: 500e9 * 3600 },
    { tier: "hdd", byteSeconds: 700e9 * 3600 },
  ],
  evidence: "measured",
};

function at(usage: Usage, flags: string[] = []) {
  const factors = applyOverrides(builtinFactors(), flags.map(parseFactorFlag), "2026-06-01");
  return estimateUsage(usage, estimateContext(SITE, null, factors));
}

test("a server by its meter holds its own DRAM and drives, so that they draw nothing more", () => {
  const { metrics: m, notes } = at(RUN);
  near(m.energy_host_joules.value as number, 546 * 3600);
  near(m.energy_dram_joules.value as number, 10 * 3600 * 0.284);
  near(m.energy_storage_joules.value as number, 2000 * 4.166667);
  near(
    m.energy_joules.value as number,
    546 * 3600 + 10 * 3600 * 0.284 + 2000 * 4.166667 + 2000 * 0.000125 * 3.6e6,
  );
  assert.ok(notes.some((n) => /inside node\.cpu\.watts and not charged again/.test(n)));
});

test("counters of parts of a metered server are shown and taken off it", () => {
  const { metrics: m } = at({ ...RUN, measured: { joules: { dram: 50_000 } } });
  near(m.energy_dram_joules.value as number, 50_000 + 10 * 3600 * 0.284);
  near(m.energy_host_joules.value as number, 546 * 3600 - 50_000);
});

test("a counter of the CPUs leaves DRAM and drives outside, which are then charged", () => {
  const { metrics: m } = at({ ...RUN, measured: { joules: { cpu: 90_000 } } });
  near(m.energy_host_joules.value as number, 90_000);
  near(m.energy_dram_joules.value as number, 110 * 3600 * 0.284);
  near(
    m.energy_storage_joules.value as number,
    500 * 3600 * 6.302083e-4 + 700 * 3600 * 5.464286e-4 + 3000 * 4.166667,
  );
});

test("the embodied carbon and the price of a whole server hold its DRAM", () => {
  const { metrics: m, notes } = at(RUN, ["capex.host=9000"]);
  near(m.host_embodied_grams_co2e.value as number, 1313 * 1000 * 3600 / LIFE);
  near(m.dram_embodied_grams_co2e.value as number, 10 * 3600 * 400 / LIFE);
  near(m.memory_usd.value as number, 10 * 3600 * 14.0625 / LIFE);
  assert.ok(notes.some((n) => /inside server\.cpu\.embodied/.test(n)));
});

test("a meter of the node stands for what is in it; shared storage and peers' memory stand outside", () => {
  const { metrics: m } = at({ ...RUN, measured: { joules: { node: 1e6 } } });
  near(m.energy_host_joules.value as number, 1e6);
  near(m.energy_dram_joules.value as number, 10 * 3600 * 0.284);
  near(m.energy_storage_joules.value as number, 2000 * 4.166667);
  near(m.energy_network_joules.value as number, 2000 * 0.000125 * 3.6e6);
});

test("a GPU host is priced without memory, so that held DRAM is charged", () => {
  const gpu = {
    kind: "gpu" as const,
    key: "h100_sxm",
    count: 8,
    reservedSeconds: 8 * 3600,
    busySeconds: 0,
  };
  const { metrics: m } = at({ ...RUN, devices: [gpu, ...RUN.devices] });
  near(m.energy_host_joules.value as number, 599 * 3600);
  near(m.energy_dram_joules.value as number, 110 * 3600 * 0.284);
  near(m.dram_embodied_grams_co2e.value as number, 110 * 3600 * 400 / LIFE);
});

test("spinning disks have no wear, and the estimate says why", () => {
  const spinning: Usage = {
    ...RUN,
    devices: [...RUN.devices, { kind: "hdd", count: 1, reservedSeconds: 3600, busySeconds: 10 }],
    flows: [{ tier: "hdd", direction: "write", bytes: 3e9, requests: 10 }],
    held: [],
  };
  const { metrics: m, notes } = at(spinning);
  assert.equal(m.ssd_wear_ratio.value, null);
  assert.match(m.ssd_wear_ratio.reason!, /^3\.000 GB went to spinning disks/);
  assert.ok(notes.some((n) => /no embodied carbon is charged for spinning disks/.test(n)));
});

test("beside SSDs the bytes of spinning disks are named, and SSDs are worn by their own alone", () => {
  const mixed: Usage = {
    ...RUN,
    flows: [...RUN.flows, { tier: "hdd", direction: "write", bytes: 5e12, requests: 10 }],
  };
  const { metrics: m, notes } = at(mixed);
  near(m.ssd_wear_ratio.value as number, 1000 / (500 * 1825));
  assert.ok(notes.some((n) => /^5000 GB went to spinning disks/.test(n)));
});

test("a disk of unknown kind is worn as an SSD, and the estimate says so", () => {
  const device = { kind: "ssd" as const, count: 1, reservedSeconds: 3600, busySeconds: null };
  const says = (usage: Usage) =>
    at(usage).notes.some((n) => /^nothing says whether a disk/.test(n));
  assert.ok(says({ ...RUN, devices: [{ ...device, kindAssumed: true }] }));
  assert.ok(!says({ ...RUN, devices: [device] }));
});

test("a node's meter and the GPUs' counters give the unseen share, and sum to the meter", () => {
  const { metrics: m } = at({ ...RUN, measured: { joules: { node: 1e6, gpu: 328_000 } } });
  near(m.energy_gpu_joules.value as number, 328_000);
  near(m.energy_host_joules.value as number, 672_000);
  const outside = 10 * 3600 * 0.284 + 2000 * 4.166667 + 2000 * 0.000125 * 3.6e6;
  near(m.energy_joules.value as number, 1e6 + outside);
  near(m.unseen_energy_ratio.value as number, 1 - 328_000 / (1e6 + outside));
});

test("counters that say more than the node's meter are said, and the meter is taken", () => {
  const { metrics: m, notes } = at({ ...RUN, measured: { joules: { node: 1e6, gpu: 2e6 } } });
  near(m.energy_host_joules.value as number, 1e6);
  assert.equal(m.energy_gpu_joules, undefined);
  assert.ok(notes.some((n) => /its meter 1\.000e\+6 J: the meter is taken/.test(n)));
});

test("a rate over nothing is unknown and names what was not produced", () => {
  const { metrics: m } = at({ ...RUN, functionalUnits: { inputTokens: 0 } });
  assert.equal(m.kilo_input_token_joules.value, null);
  assert.match(m.kilo_input_token_joules.reason!, /^no input tokens were produced/);
});
