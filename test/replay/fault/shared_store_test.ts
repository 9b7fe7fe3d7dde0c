import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FAULT_KINDS } from "../../../src/model/trace/faults.ts";
import { PHASE_METRICS } from "../../../src/replay/fault/phases.ts";
import { createLinkNetwork } from "../../../src/replay/shared/link_network.ts";
import {
  eventArbitrary,
  type FaultEvent,
  loadFaultPolicies,
  runPolicy,
  valueOf,
} from "./policy_runs.ts";

// The same cases every time: a test must not fail by the luck of a draw.
fc.configureGlobal({ seed: 20 });

const policies = await loadFaultPolicies();

/** Bandwidth that no job can feel. */
const WIDE = 1e18;

/**
 * Each event at an instant of its own, at which no job ends an iteration or a save: where several things happen
 * at once, engines that sum times in another order may take them in another order.
 */
function apart(events: fc.Arbitrary<FaultEvent[]>): fc.Arbitrary<FaultEvent[]> {
  const moved = (seconds: number, by: number) => seconds + (seconds * by) % 1;
  return events.map((list) =>
    list.map((e, i) => ({
      ...e,
      at: moved(e.at, Math.SQRT2) + (i * Math.E) % 1,
      down: moved(e.down, Math.sqrt(3)),
    }))
  );
}

for (const policy of policies) {
  test(`${policy.name}: alone on a store that never fills, a job does what it does without one`, () => {
    const kinds = FAULT_KINDS.filter((k) => k !== "node_added");
    fc.assert(
      fc.property(
        apart(fc.array(eventArbitrary(kinds), { maxLength: 12 })),
        fc.boolean(),
        // A save that is still on its way when the next is due, and when training changes.
        fc.constantFrom({}, { interval: 700, persist: 900 }, { interval: 2000, persist: 1500 }),
        (list, immune, slow) => {
          const set = {
            ...Object.fromEntries(
              Object.entries(slow).filter(([key]) => key in policy.params.shape),
            ),
            restartImmune: immune,
            spares: policy.name.includes("spares") ? 1 : null,
          };
          const alone = runPolicy(policy, list, set);
          const shared = runPolicy(policy, list, { ...set, shared: { bandwidth: WIDE, jobs: 1 } });
          for (const id of ["wall_seconds", "goodput_ratio", ...Object.values(PHASE_METRICS)]) {
            const [a, b] = [valueOf(alone, id), valueOf(shared, id)];
            assert.ok(Math.abs(a - b) <= 1e-5 * Math.max(1, a), `${id}: alone ${a}, shared ${b}`);
          }
          for (const id of ["failure_count", "checkpoint_count"]) {
            assert.equal(valueOf(shared, id), valueOf(alone, id), id);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
}

const sync = policies.find((p) => p.name === "periodic-sync")!;
const job = { useful: 50_000, interval: 1000, bytes: 1e12, gpus: 16, restart: 100 };

/** Failures of one switch: the first node of each of so many jobs. */
function storm(jobs: number, at: number, nodes = 2): FaultEvent[] {
  return Array.from({ length: jobs }, (_, j) => ({ at, kind: 4, node: nodes * j, down: 0 }));
}

test("saves in step take as many times longer as there are jobs", () => {
  const set = {
    ...job,
    checkpoint: null,
    writeBandwidth: 1e11,
    shared: { bandwidth: 1e11, jobs: 8 },
  };
  const alone = runPolicy(sync, [], { ...set, shared: { bandwidth: 1e11, jobs: 1 } });
  const eight = runPolicy(sync, [], set);
  assert.ok(Math.abs(valueOf(alone, "save_p50_seconds") - 10) < 1e-6);
  assert.ok(Math.abs(valueOf(eight, "save_p50_seconds") - 80) < 1e-6);
  assert.ok(Math.abs(valueOf(eight, "wall_seconds") - (50_000 + 50 * 80)) < 1e-3);
  assert.equal(valueOf(eight, "concurrent_transfers_peak"), 8);
});

test("a failure of all jobs at once makes their loads slow: a restart storm", () => {
  const set = { ...job, writeBandwidth: 1e12, readBandwidth: 1e11, load: 10 };
  const one = runPolicy(sync, storm(1, 20_500), { ...set, shared: { bandwidth: 1e11, jobs: 8 } });
  const all = runPolicy(sync, storm(8, 20_500), { ...set, shared: { bandwidth: 1e11, jobs: 8 } });
  assert.ok(valueOf(one, "load_p99_seconds") < 11);
  assert.ok(Math.abs(valueOf(all, "load_p50_seconds") - 80) < 1);
});

test("jitter, a token bucket and draining from NVMe each beat saves in step on a crowded store", () => {
  const set = {
    useful: 50_000,
    interval: 1000,
    bytes: 1e12,
    gpus: 256,
    writeBandwidth: 1e11,
    readBandwidth: 1e11,
    shared: { bandwidth: 1e11, jobs: 8 },
  };
  const of = (name: string) => {
    const policy = policies.find((p) => p.name === name)!;
    return valueOf(runPolicy(policy, storm(8, 20_500, 32), set), "goodput_ratio");
  };
  const plain = of("periodic-sync");
  assert.ok(of("jitter") > plain);
  assert.ok(of("token-bucket") > plain);
  assert.ok(of("nvme-drain") > plain);
});

test("bytes on a shared store are conserved: what is written is whole saves of every job", () => {
  const events = fc.array(eventArbitrary(["software", "node"]), { maxLength: 15 });
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 4 }), (list, jobs) => {
      const outcome = runPolicy(sync, list, { ...job, shared: { bandwidth: 2e11, jobs } });
      const phases = Object.values(PHASE_METRICS).reduce(
        (sum, id) => sum + valueOf(outcome, id),
        0,
      );
      assert.ok(Math.abs(phases - valueOf(outcome, "wall_seconds")) < 1e-3);
      const work = valueOf(outcome, "useful_seconds") - valueOf(outcome, "capacity_loss_seconds");
      assert.ok(Math.abs(work - job.useful) < 1e-3);
      assert.equal(
        valueOf(outcome, "checkpoint_written_bytes"),
        valueOf(outcome, "checkpoint_count") * 1e12,
      );
    }),
    { numRuns: 30 },
  );
});

test("a transfer that is cancelled frees its share of the link at once", () => {
  const links = [{ name: "l", bytesPerSecond: 10 }];
  const route = {
    name: "r",
    links: [{ link: 0, weight: 1 }],
    latencySeconds: 0,
    descriptorSeconds: 0,
  };
  const network = createLinkNetwork(links, [route]);
  const first = network.start(0, 100, 0, 0);
  const second = network.start(0, 100, 0, 0);
  network.cancel(first, 10);
  assert.equal(network.endSeconds(second), 15);
  assert.equal(network.routeBytes[0], 150);
});
