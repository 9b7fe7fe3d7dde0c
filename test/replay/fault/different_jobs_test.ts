import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { failuresOfJob } from "../../../src/replay/fault/domains/place_job.ts";
import { PHASE_METRICS } from "../../../src/replay/fault/phases.ts";
import { eventArbitrary, loadFaultPolicies, runPolicy, valueOf } from "./policy_runs.ts";

// The same cases every time: a test must not fail by the luck of a draw.
fc.configureGlobal({ seed: 20 });

const policies = await loadFaultPolicies();
const sync = policies.find((p) => p.name === "periodic-sync")!;

interface JobDetail {
  readonly goodputRatio: number;
  readonly wallSeconds: number;
  readonly meanSaveSeconds: number | null;
  readonly saves: number;
  readonly failures: number;
}

function jobsOf(outcome: { readonly detail?: unknown }): JobDetail[] {
  return (outcome.detail as { jobs: JobDetail[] }).jobs;
}

const base = { useful: 10_000, interval: 1000, checkpoint: null, bytes: 1e12, gpus: 16 };
const store = { bandwidth: 1e11, jobs: 2 };

test("two jobs out of step by their start do not meet at the store", () => {
  const each = (startSeconds: number) => [
    { startSeconds: 0, set: {} },
    { startSeconds, set: {} },
  ];
  const set = { ...base, writeBandwidth: 1e11 };
  const together = runPolicy(sync, [], { ...set, shared: { ...store, each: each(0) } });
  const apart = runPolicy(sync, [], { ...set, shared: { ...store, each: each(500) } });
  assert.deepEqual(jobsOf(together).map((j) => Math.round(j.meanSaveSeconds!)), [20, 20]);
  assert.deepEqual(jobsOf(apart).map((j) => Math.round(j.meanSaveSeconds!)), [10, 10]);
  // Each one's time counts from its own start.
  assert.deepEqual(jobsOf(apart).map((j) => Math.round(j.wallSeconds)), [10_100, 10_100]);
});

test("jobs of different sizes share the store fairly while both write", () => {
  const set = { ...base, writeBandwidth: 1e11 };
  const each = [{ startSeconds: 0, set: {} }, { startSeconds: 0, set: { bytes: 3e12 } }];
  const outcome = runPolicy(sync, [], { ...set, useful: 1000, shared: { ...store, each } });
  // 1 TB at half of 100 GB/s: 20 s; the other's 3 TB: 1 TB until then, 2 TB alone.
  const [small, large] = jobsOf(outcome);
  assert.ok(Math.abs(small.meanSaveSeconds! - 20) < 1e-6);
  assert.ok(Math.abs(large.meanSaveSeconds! - 40) < 1e-6);
  assert.equal(valueOf(outcome, "checkpoint_written_bytes"), 4e12);
});

test("jobs of their own intervals save as often as each wants", () => {
  const each = [{ startSeconds: 0, set: {} }, { startSeconds: 0, set: { interval: 250 } }];
  const outcome = runPolicy(sync, [], { ...base, shared: { ...store, each } });
  assert.deepEqual(jobsOf(outcome).map((j) => j.saves), [10, 40]);
});

test("failures before a job's start do not hit it", () => {
  const each = [{ startSeconds: 0, set: {} }, { startSeconds: 5000, set: {} }];
  const events = [{ at: 3000, kind: 4, node: 0, down: 0 }, { at: 3000, kind: 4, node: 2, down: 0 }];
  const outcome = runPolicy(sync, events, { ...base, shared: { ...store, each } });
  assert.deepEqual(jobsOf(outcome).map((j) => j.failures), [1, 0]);
});

test("described alike, jobs do what so many jobs do; for every policy the phases sum to the wall time", () => {
  const events = fc.array(eventArbitrary(["software", "node", "gpu"]), { maxLength: 8 });
  for (const policy of policies) {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 3 }), (list, jobs) => {
        const each = Array.from({ length: jobs }, () => ({ startSeconds: 0, set: {} }));
        const wide = { bandwidth: 1e11, jobs };
        const set = { useful: 20_000, gpus: 16 };
        const counted = runPolicy(policy, list, { ...set, shared: wide });
        const described = runPolicy(policy, list, { ...set, shared: { ...wide, each } });
        assert.deepEqual(described.metrics, counted.metrics);
        const late = each.map((_, j) => ({
          startSeconds: 777 * j,
          set: { bytes: 1e12 * (j + 1) },
        }));
        const mixed = runPolicy(policy, list, { ...set, shared: { ...wide, each: late } });
        const phases = Object.values(PHASE_METRICS).reduce(
          (sum, id) => sum + valueOf(mixed, id),
          0,
        );
        assert.ok(Math.abs(phases - valueOf(mixed, "wall_seconds")) < 1e-3);
      }),
      { numRuns: 6 },
    );
  }
});

test("jobs of several sizes hold every node of a cluster at most once, packed or scattered", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom("packed" as const, "scattered" as const),
      (sizes, free, allocation) => {
        const total = sizes.reduce((a, b) => a + b, 0) + free;
        const nodes = Array.from({ length: total }, (_, i) => i);
        const list = {
          count: total,
          seconds: nodes,
          kind: nodes.map(() => 0),
          node: nodes,
          downSeconds: nodes.map(() => 0),
        };
        const cluster = { list, event: nodes, nodes: total, unplaced: 0 };
        const held = sizes.map((size, job) => {
          const own = failuresOfJob(
            cluster as unknown as Parameters<typeof failuresOfJob>[0],
            size,
            allocation,
            { job, sizes },
          );
          return { at: Array.from(own.list.seconds), as: Array.from(own.list.node) };
        });
        assert.equal(new Set(held.flatMap((h) => h.at)).size, held.flatMap((h) => h.at).length);
        const alike = sizes.every((s) => s === sizes[0]);
        held.forEach(({ as }, job) => {
          // Alike jobs over a cluster that they do not fill take turns by a whole stride.
          if (allocation === "packed" || !alike) assert.equal(as.length, sizes[job]);
          assert.equal(new Set(as).size, as.length);
          assert.ok(as.every((node) => node < sizes[job]));
        });
      },
    ),
  );
});
