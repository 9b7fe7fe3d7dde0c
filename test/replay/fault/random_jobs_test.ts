import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FAULT_KINDS } from "../../../src/model/trace/faults.ts";
import { PHASE_METRICS } from "../../../src/replay/fault/phases.ts";
import {
  type AnyFaultPolicy,
  eventArbitrary,
  loadFaultPolicies,
  runPolicy,
  valueOf,
} from "./policy_runs.ts";

const policies = await loadFaultPolicies();
const USEFUL = 50_000;

const events = fc.array(eventArbitrary(FAULT_KINDS.filter((k) => k !== "node_added")), {
  maxLength: 14,
});

/** Jobs of many sizes, intervals and patterns, alone or several on a store that may be far too slow for them. */
const anyJob = fc.record({
  jobs: fc.integer({ min: 0, max: 4 }),
  bandwidth: fc.constantFrom(1e9, 2e10, 1e12),
  restartImmune: fc.boolean(),
  jitter: fc.constantFrom(0, 0.3, 1),
  admission: fc.constantFrom("free", "token-bucket"),
  interval: fc.constantFrom(300, 900, 4000, 60_000, "daly", "young", "exact"),
  persist: fc.constantFrom(null, 0, 500, 3000),
  gpus: fc.constantFrom(16, 24, 64),
  bytes: fc.constantFrom(1e11, 5e12),
  pattern: fc.constantFrom("sharded", "per-rank", "aggregated"),
  iteration: fc.constantFrom(1, 10, 77.7),
});

/** What of a random job a policy has parameters for. */
function paramsOf(
  policy: AnyFaultPolicy,
  { jobs, bandwidth, ...rest }: typeof anyJob extends fc.Arbitrary<infer J> ? J : never,
): Record<string, unknown> {
  const { shape } = policy.params;
  const own = { ...rest, useful: USEFUL, writeBandwidth: bandwidth, readBandwidth: bandwidth };
  return {
    ...Object.fromEntries(
      Object.entries(own).filter(([key, value]) => shape[key]?.safeParse(value).success === true),
    ),
    ...(jobs === 0 ? {} : { shared: { bandwidth, jobs } }),
  };
}

for (const policy of policies) {
  test(`${policy.name}: whatever the jobs, their phases fill the wall time and work is done once`, () => {
    fc.assert(
      fc.property(events, anyJob, (list, job) => {
        const outcome = runPolicy(policy, list, paramsOf(policy, job));
        const wall = valueOf(outcome, "wall_seconds");
        const phases = Object.values(PHASE_METRICS).map((id) => valueOf(outcome, id));
        const sum = phases.reduce((total, seconds) => total + seconds, 0);
        assert.ok(Math.abs(sum - wall) <= 1e-6 * Math.max(1, wall), `${sum} of ${wall} s`);
        assert.ok(phases.every((seconds) => seconds >= 0));
        const goodput = valueOf(outcome, "goodput_ratio");
        assert.ok(goodput >= 0 && goodput <= 1 + 1e-9, `goodput ${goodput}`);
        if (outcome.notes?.some((n) => n.includes("never finished"))) return;
        const work = valueOf(outcome, "useful_seconds") - valueOf(outcome, "capacity_loss_seconds");
        assert.ok(Math.abs(work - USEFUL) < 1e-2, `work ${work}`);
      }),
      { numRuns: 30, seed: 6 },
    );
  });
}
