import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lifecycleDocumentSchema } from "../../src/cli/schemas/lifecycle_schema.ts";
import { spillway } from "../spillway.ts";
import { near, printed } from "./near.ts";

const MACHINE = { gpu: "h100_sxm", gpus: 8, seconds: "365d", busyShare: 0.5 };
const STORED = { name: "d", bytes: "10TB", kind: "kv", writtenBytesPerMonth: "60TB" };
const FLAGS = ["--factor", "electricity.usd_per_kwh=0.12", "--today", "2026-11-25"];

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "lifecycle-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function lifecycle(stages: unknown[], flags: string[] = [], files: Record<string, unknown> = {}) {
  return inFolder((cwd) => {
    for (const [name, content] of Object.entries({ "plan.json": { stages }, ...files })) {
      writeFileSync(join(cwd, name), JSON.stringify(content));
    }
    const args = ["estimate", "lifecycle", "plan.json", "--json", ...FLAGS, ...flags];
    const done = spillway(args, { cwd });
    if (done.code !== 0) return { done, document: null };
    return { done, document: lifecycleDocumentSchema.parse(JSON.parse(done.stdout)) };
  });
}

const value = (row: { metrics: Record<string, { value: unknown }> }, id: string) =>
  Number(row.metrics[id].value);

test("the life is the sum of its stages, metric by metric, and shares sum to one", () => {
  const { document } = lifecycle([
    { name: "training", machine: { ...MACHINE, gpus: 64, seconds: "30d" } },
    { name: "checkpoints", storage: { ...STORED, kind: "checkpoints" }, period: "30d" },
    { name: "serving", machine: MACHINE, units: { requests: 1e6, outputTokens: 4e8 } },
    { name: "cache", storage: STORED, medium: "hdd", period: "365d" },
  ], ["--site", "gcp-us-east4"]);
  for (const id of Object.keys(document!.total.metrics)) {
    near(document!.stages.reduce((a, s) => a + value(s, id), 0), value(document!.total, id));
  }
  near(document!.stages.reduce((a, s) => a + s.carbonShare!, 0), 1);
  const stored = document!.stages.map((s) => s.storedShare!);
  assert.deepEqual([stored[1], stored[3]], [1, 1]);
  // Hosts have DRAM and SSDs of their own, inside the figure of the host.
  assert.ok(stored[0] > 0.01 && stored[0] < 0.5 && stored[2] > 0.01 && stored[2] < 0.5);
  const grams = value(document!.total, "total_grams_co2e");
  near(Number(document!.rates.request_grams_co2e.value), grams / 1e6);
  near(Number(document!.rates.kilo_output_token_grams_co2e.value), grams / 4e5);
  // W26: no number without an interval, a source and a date.
  const total = document!.total.metrics.total_grams_co2e;
  assert.ok(total.low! < grams && grams < total.high!);
  assert.ok(document!.coefficients.every((c) => c.source !== "" && /^\d{4}-/.test(c.asOf)));
});

test("E11: checkpoints of a month in a life wear the drives more than time does", () => {
  const month = 730 / 24 / 30;
  const { document } = lifecycle([{
    name: "checkpoints",
    storage: {
      name: "c",
      kind: "checkpoints",
      bytes: "61.44TB",
      writtenBytesPerMonth: Math.round(3528e12 * month),
    },
    period: "30d",
  }]);
  const [stage] = document!.stages;
  printed(value(stage, "embodied_grams_co2e") / 1000, "106.323");
  near(value(stage, "ssd_wear_grams_co2e"), value(stage, "embodied_grams_co2e"));
  near(value(stage, "ssd_written_bytes"), 3528e12, 1e-6);
});

test("a result is scaled to a period with its units, its policy named where there are several", () => {
  const usage = {
    wallSeconds: 3600,
    functionalUnits: { requests: 100 },
    devices: [{ kind: "gpu", key: "h100_sxm", count: 1, reservedSeconds: 3600, busySeconds: 1800 }],
    flows: [{ tier: "ssd", direction: "write", bytes: 1e12, requests: 1e5 }],
    held: [{ tier: "ssd", byteSeconds: 3600e12 }],
    evidence: "replayed",
  };
  const files = { "usage.json": usage };
  const once = lifecycle([{ name: "s", from: "./usage.json", kind: "kv" }], [], files).document!;
  const day = lifecycle([{ name: "s", from: "./usage.json", period: "1d" }], [], files).document!;
  near(value(day.total, "total_grams_co2e"), 24 * value(once.total, "total_grams_co2e"));
  near(Number(day.rates.request_usd.value), Number(once.rates.request_usd.value));
  near(value(day.total, "ssd_written_bytes"), 24e12);
  assert.ok(once.savings.some((s) => /compress/.test(s.name) && s.lossy && s.savedGrams!.mid > 0));
  assert.ok(once.stages[0].storedShare! > 0 && once.stages[0].storedShare! < 1);
});

test("stages at two sites keep their own grids; hardware figures stay tied between them", () => {
  const at = (site: string) => ({ name: site, machine: MACHINE, site });
  const { document } = lifecycle([at("gcp-us-east4"), at("gcp-europe-north1")]);
  const ids = document!.coefficients.map((c) => c.id);
  assert.ok(ids.includes("site.grid@gcp-us-east4") && ids.includes("site.grid@gcp-europe-north1"));
  assert.equal(ids.filter((id) => id.startsWith("gpu.h100_sxm.embodied")).length, 1);
  const [dirty, clean] = document!.stages.map((s) => value(s, "operational_grams_co2e"));
  assert.ok(clean < dirty);
  near(value(document!.stages[0], "energy_joules"), value(document!.stages[1], "energy_joules"));
  assert.match(document!.verdicts[0], /against it: /);
});

test("P4: a machine stands in whole hosts; a result prices its memory itself", () => {
  const { document } = lifecycle([{ name: "a", machine: { ...MACHINE, seconds: "43800h" } }]);
  const whole = (8 * 164 + 5700) * 1000;
  near(value(document!.total, "embodied_grams_co2e"), whole);
});

test("an unknown price makes the sum unknown with its reason, never smaller", () => {
  const { document } = lifecycle([
    { name: "a", machine: MACHINE },
    { name: "b", machine: { ...MACHINE, gpu: "unheard_of" } },
  ]);
  assert.equal(document!.total.metrics.energy_joules.value, null);
  assert.match(document!.total.metrics.energy_joules.reason!, /no power figure for GPU/);
  assert.ok(value(document!.stages[0], "energy_joules") > 0);
});

for (
  const [name, stage, expected] of [
    ["none of the three ways", { name: "x" }, /stage "x": it has none of from, machine, storage/],
    ["two ways", { name: "x", machine: MACHINE, storage: STORED }, /machine and storage/],
    ["storage without a period", { name: "x", storage: STORED }, /for how long/],
    [
      "a mistyped medium",
      { name: "x", storage: STORED, period: "1d", medium: "sdd" },
      /mean "ssd"/,
    ],
    ["an unknown key", { name: "x", machin: MACHINE }, /stages\.0/],
    ["a negative time", { name: "x", machine: MACHINE, times: -1 }, /stages\.0\.times/],
  ] as const
) {
  test(`a plan with ${name} is refused with its place`, () => {
    const { done } = lifecycle([stage]);
    assert.equal(done.code, 4, done.stderr);
    assert.match(done.stderr, expected);
  });
}

test("the example of the help is a plan that works", () => {
  const example = spillway(["estimate", "lifecycle", "--example"]);
  const { stages } = JSON.parse(example.stdout) as { stages: unknown[] };
  const { document } = lifecycle(stages, ["--site", "gcp-us-east4"]);
  assert.equal(document!.stages.length, stages.length);
  assert.ok(document!.savings.length > 5);
});
