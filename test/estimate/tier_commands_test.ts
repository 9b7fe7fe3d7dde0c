import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinFactors } from "../../src/estimate/factors/builtin.ts";
import { applyOverrides, parseFactorFlag } from "../../src/estimate/factors/overrides.ts";
import { type BreakEvenView, prefixBreakEven } from "../../src/estimate/placement/kv_prefix.ts";
import { mediaOf } from "../../src/estimate/placement/media.ts";
import { tierPrices } from "../../src/estimate/placement/tier_prices.ts";
import { estimateContext } from "../../src/estimate/usage/context.ts";
import { siteProfileSchema } from "../../src/model/profiles/site.ts";
import { near, printed } from "./near.ts";
import { spillway } from "../spillway.ts";

/** The machine of example E10: 700 W when busy, 120 W when waiting, drives of 25 W at 6 GB/s. */
function factorsAt(grid: number, pue: number, ...flags: string[]) {
  const site = siteProfileSchema.parse({ name: "s", gridGramsPerKwh: grid, pue, lifeYears: 5 });
  const base = applyOverrides(
    builtinFactors(),
    [
      "gpu.h100_sxm.watts=700",
      "gpu.busy_share=1",
      `gpu.idle_share=${120 / 700}`,
      `ssd.joules_per_gb=${25 / 6}`,
      ...flags,
    ].map(parseFactorFlag),
    "2026-06-01",
  );
  return estimateContext(site, null, base).factors;
}

const BYTES = 4096 * 327_680;
const PREFIX = {
  bytes: BYTES,
  recomputeSeconds: 2 * 70e9 * 4096 / 400e12,
  reloadSeconds: BYTES / 6e9,
  gpus: 1,
  gpuKey: "h100_sxm",
  writesPerMonth: 0,
};

function e10(grid: number, pue: number, view: BreakEvenView) {
  const factors = factorsAt(grid, pue);
  const ssd = mediaOf(factors).find((m) => m.name === "ssd")!;
  return prefixBreakEven(PREFIX, ssd, factors, view, 30);
}

test("E10: the break-even of the command, on a dirty and on a clean grid", () => {
  const dirty = e10(396.25, 1.15, "operational");
  printed(dirty.savedGramsPerHit.mid, "0.1229197");
  printed(dirty.hitsPerMonth!.mid, "12.30");
  const clean = e10(24.71, 1.1, "operational");
  printed(clean.savedGramsPerHit.mid, "0.007331954");
  printed(clean.hitsPerMonth!.mid, "170.09");
});

test("E10b: the inventory view counts the GPU's embodied carbon that a hit frees", () => {
  const dirty = e10(396.25, 1.15, "inventory");
  printed(dirty.savedGramsPerHit.mid, "0.1296453", 1);
  printed(dirty.hitsPerMonth!.mid, "11.66");
  printed(e10(24.71, 1.1, "inventory").hitsPerMonth!.mid, "88.7");
});

test("the decision view holds owned drives for sunk: only their energy is left of holding", () => {
  const decision = e10(396.25, 1.15, "decision");
  near(decision.holdGramsPerMonth.mid, BYTES / 1e9 * 0.0006302083 * 0.73 * 1.15 * 396.25);
  assert.ok(decision.hitsPerMonth!.mid < 3);
});

test("the verdict at a number of hits says where it flips, and the crossover is where both are equal", () => {
  const b = e10(396.25, 1.15, "operational");
  assert.match(b.sentence, /flips at .*ssd\.embodied > [\d.]+ gCO2e\/GB/);
  // At the crossover 30 hits save what holding costs: hold = 30 x saved.
  const at = e10(b.crossoverGramsPerKwh!, 1.15, "operational");
  near(at.hitsPerMonth!.mid, 30, 1e-6);
});

test("a reload that takes longer than computing never pays", () => {
  const factors = factorsAt(400, 1.2);
  const ssd = mediaOf(factors).find((m) => m.name === "ssd")!;
  const slow = { ...PREFIX, reloadSeconds: 60 };
  const b = prefixBreakEven(slow, ssd, factors, "operational", 30);
  assert.equal(b.hitsPerMonth, null);
  assert.match(b.sentence, /in no part of the interval|flips/);
});

test("E9: the table of media gives g/GB-month as the formula does, copies multiply both terms", () => {
  const factors = factorsAt(396.25, 1.15);
  const of = (copies: number, name: string) =>
    tierPrices(factors, copies).find((t) => t.medium === name)!;
  printed(of(1, "ssd").gramsPerGbMonth!.mid, "1.126307");
  printed(of(1, "dram").gramsPerGbMonth!.mid, "101.140");
  near(of(3, "ssd").gramsPerGbMonth!.mid, 3 * of(1, "ssd").gramsPerGbMonth!.mid);
  near(of(3, "object").gramsPerGbMonth!.mid, of(1, "object").gramsPerGbMonth!.mid);
  printed(of(1, "ssd").gramsPerGbWritten!.mid - 25 / 6 / 3.6e6 * 1.15 * 396.25, "0.03013699");
});

test("advise tiers prints the same through the command line", () => {
  const done = spillway([
    "advise",
    "tiers",
    "--json",
    "--site",
    "anywhere",
    "--llm",
    "llama-3-70b",
    "--factor",
    "grid=396.25",
    "--factor",
    "pue=1.15",
    "--today",
    "2026-11-25",
  ]);
  assert.equal(done.code, 0, done.stderr);
  const document = JSON.parse(done.stdout) as {
    media: { medium: string; gramsPerGbMonth: { mid: number } }[];
    prefix: { bytes: number };
  };
  printed(document.media.find((m) => m.medium === "ssd")!.gramsPerGbMonth.mid, "1.126307");
  assert.equal(document.prefix.bytes, BYTES);
});
