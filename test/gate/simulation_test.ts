/**
 * How often the default gate cries wolf and how often it finds a change, over simulated runs with log-normal
 * noise from run to run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateRules } from "../../src/gate/evaluate.ts";
import type { Observation, Side } from "../../src/gate/observations.ts";
import { gateConfigSchema } from "../../src/gate/rules.ts";
import { createRandom } from "../../src/stats/random.ts";

const TRIALS = 1000;
const CONFIG = gateConfigSchema.parse({ rules: [{ kind: "baseline", metric: "*" }] });

interface Trial {
  readonly runs: number;
  readonly noise: number;
  readonly change: number;
  readonly metrics?: number;
}

/** Share of trials in which some rule of the gate fails. */
function failShare({ runs, noise, change, metrics = 1 }: Trial, seed: number): number {
  const random = createRandom(seed);
  const observed = (scale: number): Observation => ({
    unit: "seconds",
    better: "lower",
    nature: "sampled",
    evidence: "measured",
    values: Array.from({ length: runs }, () => scale * Math.exp(noise * random.normal())),
    low: null,
    high: null,
    missing: null,
  });
  const side = (scale: number): Side => ({
    name: "r1",
    fingerprint: {},
    incomplete: null,
    observations: Object.fromEntries(
      Array.from({ length: metrics }, (_, i) => [`m${i}`, observed(scale)]),
    ),
  });
  let failures = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const results = evaluateRules(CONFIG, side(1 + change), side(1), {
      noise: 0,
      today: "2026-01-01",
    });
    if (results.some((r) => r.status === "fail")) failures++;
  }
  return failures / TRIALS;
}

test("without a change the default gate cries wolf in less than 5 % of 1,000 trials", () => {
  for (const noise of [0.02, 0.05]) {
    for (const runs of [5, 10]) {
      for (const metrics of [1, 6]) {
        const share = failShare({ runs, noise, change: 0, metrics }, 11);
        assert.ok(share < 0.05, `noise ${noise}, ${runs} runs, ${metrics} metrics: ${share}`);
      }
    }
  }
});

test("a change of 10 % at 5 % noise is found in at least 90 % of trials with 10 runs a side", () => {
  const share = failShare({ runs: 10, noise: 0.05, change: 0.1 }, 12);
  assert.ok(share >= 0.9, String(share));
});

test("an improvement never fails", () => {
  assert.equal(failShare({ runs: 10, noise: 0.02, change: -0.2 }, 13), 0);
});
