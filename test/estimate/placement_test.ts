import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinFactors } from "../../src/estimate/factors/builtin.ts";
import { applyOverrides, parseFactorFlag } from "../../src/estimate/factors/overrides.ts";
import {
  type DataClass,
  dataClassSchema,
  placementFileSchema,
} from "../../src/estimate/placement/data_class.ts";
import { mediaOf } from "../../src/estimate/placement/media.ts";
import { placeClass } from "../../src/estimate/placement/place.ts";
import { saversOf } from "../../src/estimate/placement/savers.ts";
import { segmentCost } from "../../src/estimate/placement/segment_cost.ts";
import { estimateContext } from "../../src/estimate/usage/context.ts";
import { siteProfileSchema } from "../../src/model/profiles/site.ts";
import { near } from "./near.ts";

const SITE = siteProfileSchema.parse({
  name: "us",
  gridGramsPerKwh: 396.25,
  pue: 1.15,
  electricityUsdPerKwh: 0.12,
  lifeYears: 5,
  depreciationYears: 5,
});

function factorsWith(...flags: string[]) {
  const base = applyOverrides(builtinFactors(), flags.map(parseFactorFlag), "2026-06-01");
  return estimateContext(SITE, null, base).factors;
}

const FACTORS = factorsWith();

function data(over: Partial<Record<keyof DataClass, unknown>>): DataClass {
  return dataClassSchema.parse({ name: "d", bytes: 1e12, latencySeconds: 60, ...over });
}

const ALL = { name: "all", bytesShare: 1, readsShare: 1 };
const medium = (name: string) => mediaOf(FACTORS).find((m) => m.name === name)!;
const mid = (p: { value: (get: (id: string) => number) => number } | null) =>
  p!.value((id) => FACTORS.get(id)!.value);

test("holding a GB-month on SSD costs what F13 says (E9: 1.126307 g)", () => {
  const cost = segmentCost(data({ bytes: 1e9 }), ALL, medium("ssd"), FACTORS);
  near(mid(cost.grams), 1.126307, 1e-6);
});

test("dollars a GB-month of an owned SSD follow E15, of DRAM too", () => {
  const factors = factorsWith("ssd.watts_per_gb=0.000325520833333");
  const m = mediaOf(factors).find((x) => x.name === "ssd")!;
  const cost = segmentCost(data({ bytes: 1e9 }), ALL, m, factors);
  near(cost.usd!.value((id) => factors.get(id)!.value), 0.00597355, 1e-6);
  near(mid(segmentCost(data({ bytes: 1e9 }), ALL, medium("dram"), FACTORS).usd), 0.262985, 1e-6);
});

test("small objects make an object store dear (E13)", () => {
  const samples = data({
    bytes: 50e12,
    objectBytes: 131_072,
    writtenBytesPerMonth: 50e12,
    readBytesPerMonth: 50e12,
  });
  const usd = mid(segmentCost(samples, ALL, medium("object"), FACTORS).usd);
  near(usd, 1071.0209 + 1907.348635 + 152.5878908, 1e-6);
});

test("short-lived objects pay minimum durations", () => {
  const week = data({ retentionSeconds: 7 * 86_400 });
  const kept = data({ retentionSeconds: 365 * 86_400 });
  const usd = (d: DataClass) => mid(segmentCost(d, ALL, medium("deep-archive"), FACTORS).usd);
  near(usd(week) / usd(kept), 180 / 7);
});

test("the wear of an SSD binds when much is written, never added to the time share", () => {
  const hot = data({ writtenBytesPerMonth: 100 * 1e12 });
  const [quiet, busy] = [data({}), hot].map((d) => segmentCost(d, ALL, medium("ssd"), FACTORS));
  near(mid(busy.embodied), 55 * 100_000 / 1825);
  near(mid(quiet.embodied), 55 * 1000 / 60);
  near(mid(busy.wear), mid(busy.embodied));
  // Moving costs energy as well, which watts a terabyte held never show.
  const moved = 100_000 * 4.166667;
  near(mid(busy.joules) - mid(quiet.joules), moved);
  const price = FACTORS.get("ssd.usd_per_gb")!.value;
  near(
    mid(busy.usd) - mid(quiet.usd),
    price * 100_000 / 1825 - price * 1000 / 60 + moved / 3.6e6 * 1.15 * 0.12,
  );
});

test("egress is billed in steps (E14) and only where the data lies in a cloud", () => {
  const plain = data({ bytes: 1e12, readBytesPerMonth: 60e12 });
  const out = data({ bytes: 1e12, readBytesPerMonth: 60e12, egressBytesPerMonth: 60e12 });
  const usd = (d: DataClass, m: string) => mid(segmentCost(d, ALL, medium(m), FACTORS).usd);
  near(usd(out, "object") - usd(plain, "object"), 5019.2);
  near(usd(out, "hdd"), usd(plain, "hdd"));
});

test("a shorter retention saves nothing where a minimum duration is billed anyway", () => {
  const kv = data({
    kind: "kv",
    bytes: 1e12,
    retentionSeconds: 20 * 86_400,
    latencySeconds: 0.2,
    savers: [{ name: "expire", heldFactor: 0.5, writtenFactor: 1, retentionFactor: 0.5 }],
  });
  const ia = mediaOf(FACTORS).filter((m) => m.name === "object-ia");
  const [saver] = saversOf(kv, FACTORS, "total_usd", ia);
  near(saver.savedUsdPerMonth! + 1, 1);
  assert.ok(saver.savedGramsPerMonth! > 0);
});

test("copies and bandwidth multiply what is bought, but not where the service keeps copies", () => {
  const usd = (d: DataClass, m: string) => mid(segmentCost(d, ALL, medium(m), FACTORS).usd);
  near(usd(data({ copies: 3 }), "hdd"), 3 * usd(data({}), "hdd"));
  near(usd(data({ copies: 3 }), "object"), usd(data({}), "object"));
  // 2.5 GB/s need ten drives of 14 TB although 1 TB is held.
  near(usd(data({ bandwidth: 2.5e9 }), "hdd"), 140 * usd(data({}), "hdd"));
});

test("a class that tolerates an hour goes to the cheapest medium, one that needs 1 ms to SSD", () => {
  assert.equal(placeClass(data({}), FACTORS, "total_usd").chosen![0].medium, "hdd");
  const fast = data({ latencySeconds: 0.001, readBytesPerMonth: 1e12 });
  assert.equal(placeClass(fast, FACTORS, "total_usd").chosen![0].medium, "ssd");
  assert.equal(placeClass(fast, FACTORS, "total_grams_co2e").chosen![0].medium, "ssd");
});

test("the split serves the share of reads that must be fast, at the least cost of all splits", () => {
  const split = data({
    bytes: 10e12,
    readBytesPerMonth: 90e12,
    latencySeconds: 0.001,
    latencyReadsShare: 0.9,
    segments: [
      { name: "recent", bytesShare: 0.2, readsShare: 0.9 },
      { name: "old", bytesShare: 0.8, readsShare: 0.1 },
    ],
  });
  const placed = placeClass(split, FACTORS, "total_usd");
  assert.deepEqual(placed.chosen!.map((c) => c.medium), ["ssd", "hdd"]);
  const strict = placeClass({ ...split, latencyReadsShare: 1 }, FACTORS, "total_usd");
  assert.deepEqual(strict.chosen!.map((c) => c.medium), ["ssd", "ssd"]);
  assert.ok(placed.usdPerMonth!.mid < strict.usdPerMonth!.mid);
});

test("a need that nothing meets, and a goal without numbers, are said", () => {
  const none = placeClass(data({ latencySeconds: 1e-9 }), FACTORS, "total_usd");
  assert.equal(none.chosen, null);
  assert.match(none.reason, /no medium answers within/);
  const bare = estimateContext({ ...SITE, electricityUsdPerKwh: null }, null, builtinFactors());
  const blind = placeClass(data({ latencySeconds: 0.001 }), bare.factors, "total_usd");
  assert.match(blind.reason, /electricity/);
});

test("the verdict says how firm the choice is, with tied coefficients", () => {
  const placed = placeClass(data({}), FACTORS, "total_usd");
  assert.match(placed.reason, /lower in 100 % of the interval|flips at/);
});

test("storing less saves in proportion to what it touches", () => {
  const checkpoints = data({
    kind: "checkpoints",
    latencySeconds: 0.001,
    writtenBytesPerMonth: 1e15,
    readBytesPerMonth: 1e12,
  });
  const placed = placeClass(checkpoints, FACTORS, "total_grams_co2e");
  const by = (name: string) => placed.savers.find((s) => s.name === name)!;
  // Wear binds: writing half as often saves half of the wear, keeping fewer saves only energy.
  const ssd = (d: DataClass) => segmentCost(d, ALL, medium("ssd"), FACTORS);
  const often = by("interval: write half as often");
  const less = { ...checkpoints, bytes: 5e11, writtenBytesPerMonth: 5e14 };
  near(often.savedGramsPerMonth, mid(ssd(checkpoints).grams) - mid(ssd(less).grams));
  assert.ok(often.savedGramsPerMonth! > 55 * 1e6 / 1825 / 2);
  assert.ok(by("retention: keep half as many").savedGramsPerMonth! < 1000);
  near(often.savedGramsOverLife, often.savedGramsPerMonth! * 60);
  for (const word of ["retention", "delta", "quanti", "dedup"]) {
    assert.ok(placed.savers.some((s) => s.name.includes(word)), word);
  }
  const kinds = placed.savers.filter((s) => s.lossy).map((s) => s.name);
  assert.ok(kinds.length >= 2, "lossy ways say so");
});

test("where the rate decides what is bought, smaller objects save and rarer ones do not", () => {
  const fast = data({ kind: "checkpoints", bandwidth: 10e9, latencySeconds: 0.001 });
  const placed = placeClass(fast, FACTORS, "total_grams_co2e");
  const by = (word: string) => placed.savers.find((s) => s.name.includes(word))!;
  assert.ok(by("quantised optimiser").savedGramsPerMonth! > 0);
  near(1 + by("write half as often").savedGramsPerMonth!, 1);
});

test("a file of classes is checked", () => {
  assert.ok(!placementFileSchema.safeParse({ classes: [] }).success);
  assert.ok(!placementFileSchema.safeParse({ classes: [{ name: "a" }] }).success);
  assert.ok(!placementFileSchema.safeParse({ classes: [{ name: "a", bytes: "many" }] }).success);
  assert.ok(placementFileSchema.safeParse({ classes: [{ name: "a", bytes: "5TB" }] }).success);
});
