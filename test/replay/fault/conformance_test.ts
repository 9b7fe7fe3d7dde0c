import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ReplayOutcome } from "../../../src/model/policy.ts";
import { FAULT_KINDS } from "../../../src/model/trace/faults.ts";
import { PHASE_METRICS } from "../../../src/replay/fault/phases.ts";
import {
  type AnyFaultPolicy,
  eventArbitrary,
  type FaultEvent,
  loadFaultPolicies,
  NODES,
  runPolicy,
  valueOf,
} from "./policy_runs.ts";

// The same cases every time: a test must not fail by the luck of a draw.
fc.configureGlobal({ seed: 20 });

/** Every registered policy of the family must keep the invariants of the replay model. */
const policies = await loadFaultPolicies();
const run = runPolicy;
const value = valueOf;

function phaseSum(outcome: ReplayOutcome): number {
  return Object.values(PHASE_METRICS).reduce((sum, id) => sum + value(outcome, id), 0);
}

const event = eventArbitrary(FAULT_KINDS.filter((kind) => kind !== "node_added"));
const events = fc.array(event, { maxLength: 25 });
const runs = { numRuns: 40 };

test("the family has its sixteen policies", () => {
  assert.ok(policies.length >= 16);
});

/** Kinds that roll a job back. */
const ROLLBACKS = ["software", "gpu", "node", "network"].map((k) =>
  FAULT_KINDS.indexOf(k as "gpu")
);

/** Blocking seconds of a save by the policies' defaults, where nothing else blocks. */
const BLOCKS: Readonly<Record<string, number>> = {
  "periodic-sync": 60,
  "hot-spares": 60,
  jitter: 60,
  "token-bucket": 60,
  "just-in-time": 60,
};

for (const policy of policies) {
  const name = policy.name;

  test(`${name}: names its source and parses its defaults`, () => {
    assert.ok(policy.reference.length > 10 && policy.summary.length > 10);
    assert.ok(policy.params.safeParse({}).success);
  });

  test(`${name}: every wall second belongs to exactly one phase`, () => {
    fc.assert(
      fc.property(events, fc.boolean(), (list, restartImmune) => {
        const outcome = run(policy, list, { restartImmune });
        const wall = value(outcome, "wall_seconds");
        assert.ok(Math.abs(phaseSum(outcome) - wall) <= 1e-6 * Math.max(1, wall));
        for (const id of Object.values(PHASE_METRICS)) {
          assert.ok(value(outcome, id) >= 0, `${id} is ${value(outcome, id)}`);
        }
        const goodput = value(outcome, "goodput_ratio");
        assert.ok(goodput >= 0 && goodput <= 1 + 1e-12, `goodput ${goodput}`);
      }),
      runs,
    );
  });

  test(`${name}: useful work at full rate is done once`, () => {
    fc.assert(
      fc.property(events, (list) => {
        const outcome = run(policy, list);
        if (outcome.notes?.some((n) => n.includes("never finished"))) return;
        const work = value(outcome, "useful_seconds") - value(outcome, "capacity_loss_seconds");
        assert.ok(Math.abs(work - 50_000) < 1e-3, `work ${work}`);
      }),
      runs,
    );
  });

  test(`${name}: without failures the wall time is Ts + delta N_ckpt, and degraded capacity`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 60_000 }), (interval) => {
        const set = "interval" in policy.params.shape ? { interval, jitter: 0 } : {};
        const outcome = run(policy, [], set);
        const wall = value(outcome, "wall_seconds");
        const blocks = value(outcome, "checkpoint_seconds");
        const loss = value(outcome, "capacity_loss_seconds");
        assert.ok(Math.abs(wall - 50_000 - blocks - loss) < 1e-6);
        assert.equal(value(outcome, "lost_seconds"), 0);
        assert.equal(value(outcome, "failure_count"), 0);
        const delta = BLOCKS[name];
        if (delta === undefined) return;
        const count = value(outcome, "checkpoint_count");
        assert.equal(count, Math.ceil(50_000 / interval - 1e-9));
        assert.ok(Math.abs(blocks - delta * count) < 1e-6, `${blocks} of ${count} saves`);
      }),
      { numRuns: 20 },
    );
  });

  test(`${name}: two failures of one node at one instant roll back once`, () => {
    fc.assert(
      fc.property(event, (e) => {
        // Left to itself a pool of spares is sized by the down times of the rows, twins included.
        const set = name.endsWith("spares") ? { spares: 1 } : {};
        const once = run(policy, [{ ...e, node: 3 }], set);
        const twice = run(policy, [{ ...e, node: 3 }, { ...e, node: 3 }], set);
        assert.equal(value(twice, "lost_seconds"), value(once, "lost_seconds"));
        assert.equal(value(twice, "wall_seconds"), value(once, "wall_seconds"));
      }),
      runs,
    );
  });

  test(`${name}: the same seed gives the same outcome`, () => {
    fc.assert(
      fc.property(events, fc.integer(), (list, seed) => {
        assert.deepEqual(run(policy, list, {}, seed), run(policy, list, {}, seed));
      }),
      { numRuns: 10 },
    );
  });

  test(`${name}: bytes written are saves x size x copies`, () => {
    const copies = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(events, copies, copies, (list, dataParallel, replicas) => {
        const pattern = dataParallel === 1 ? "sharded" : "per-rank";
        const set = {
          dataParallel,
          pattern,
          ...("replicas" in policy.params.shape ? { replicas } : {}),
        };
        const outcome = run(policy, list, set);
        const saves = value(outcome, "checkpoint_count");
        const written = (tier: string) =>
          outcome.usage!.flows.filter((f) => f.tier === tier && f.direction === "write")
            .reduce((sum, f) => sum + f.bytes, 0);
        const recoveries = outcome.detail!.recoveries as Record<string, number>;
        // A just-in-time save is one more save, made after the failure.
        const late = name === "just-in-time" ? recoveries.iteration : 0;
        const stored = written(name === "checkfreq" ? "ssd" : "remote");
        assert.equal(stored, (saves + late) * 1e12 * (name === "none" ? 0 : dataParallel));
        if (name === "nvme-drain") assert.ok(written("ssd") >= stored / dataParallel);
        if (name === "gemini") {
          assert.equal(written("peer_dram"), written("dram") * (replicas - 1));
        }
      }),
      { numRuns: 15 },
    );
  });

  test(`${name}: more failures, slower restarts and slower detection never end the job sooner`, () => {
    // Nodes of their own for what is added: a node that is down already cannot fail once more.
    const half = (from: number) =>
      fc.array(
        fc.record({
          at: fc.integer({ min: 0, max: 200_000 }),
          kind: fc.constantFrom(...ROLLBACKS),
          node: fc.integer({ min: from, max: from + NODES / 2 - 1 }),
          down: fc.integer({ min: 0, max: 3000 }),
        }),
        { maxLength: 8 },
      );
    const delay = fc.integer({ min: 0, max: 3000 });
    fc.assert(
      fc.property(half(0), half(NODES / 2), delay, delay, (some, more, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const base = { restartImmune: false, ...fixed(policy) };
        const wall = (list: FaultEvent[], set: Record<string, number>) =>
          value(run(policy, list, { ...base, ...set }), "wall_seconds");
        const plain = wall(some, { restart: low, detect: low });
        assert.ok(wall([...some, ...more], { restart: low, detect: low }) >= plain - 1e-6);
        assert.ok(wall(some, { restart: high, detect: low }) >= plain - 1e-6);
        assert.ok(wall(some, { restart: low, detect: high }) >= plain - 1e-6);
      }),
      { numRuns: 40 },
    );
  });
}

for (const shared of [null, { bandwidth: 1e18, jobs: 1 }]) {
  const where = shared === null ? "" : " on a shared store";
  test(`a node that is back before the recovery ends joins by a reconfiguration of its own${where}`, () => {
    const bamboo = policies.find((p) => p.name === "bamboo")!;
    const reconfig = (down: number, detect: number) => {
      const lost = [{ at: 1000, kind: FAULT_KINDS.indexOf("node"), node: 0, down }];
      const set = { detect, reconfigure: 30, ...(shared === null ? {} : { shared }) };
      return value(run(bamboo, lost, set), "reconfig_seconds");
    };
    for (const detect of [100, 165, 170, 180]) assert.equal(reconfig(200, detect), 60, `${detect}`);
    assert.equal(reconfig(0, 100), 30, "a crash leaves the node in its place");
  });
}

test("a save waits for the one on its way, whether training changes its speed or stops meanwhile", () => {
  const checkfreq = policies.find((p) => p.name === "checkfreq")!;
  const at = (kind: "straggler" | "planned", seconds: number, down: number) =>
    run(checkfreq, [{ at: seconds, kind: FAULT_KINDS.indexOf(kind), node: 0, down }]);
  // The last save is due at 50,000 s and waits 42 s for the one before it.
  assert.equal(value(run(checkfreq, []), "wall_seconds"), 50_042);
  assert.equal(value(at("straggler", 50_001, 0), "wall_seconds"), 50_042);
  assert.equal(value(at("straggler", 50_001, 5), "wall_seconds"), 50_042);
  // During a stop the save before goes on.
  for (const [down, wall] of [[10, 50_042], [41, 50_042], [60, 50_061]]) {
    const stopped = at("planned", 50_001, down);
    assert.ok(Math.abs(value(stopped, "wall_seconds") - wall) < 1e-6);
    assert.ok(Math.abs(phaseSum(stopped) - wall) < 1e-6);
    assert.equal(value(stopped, "checkpoint_count"), 715);
  }
});

test("a job that ran out of nodes restarts through the queue, back in time or not", () => {
  const spares = policies.find((p) => p.name === "hot-spares")!;
  const lost = [{ at: 1000, kind: FAULT_KINDS.indexOf("node"), node: 0, down: 200 }];
  const wall = (detect: number) =>
    value(
      run(spares, lost, { detect, spares: 0, hot: 65, requeue: 768, interval: 900 }),
      "wall_seconds",
    );
  assert.equal(wall(300) - wall(199), 100);
});

/** What would change with the failures themselves if it were not given. */
function fixed(policy: AnyFaultPolicy): Record<string, unknown> {
  const { shape } = policy.params;
  return {
    ...("interval" in shape ? { interval: 900 } : {}),
    ...(shape.spares.safeParse(undefined).data === "p99" ? { spares: 2 } : {}),
    // No restore from memory that is set to be slower than one from storage, which more failures call for.
    ...("memoryRestart" in shape ? { memoryRestart: 0 } : {}),
    ...("nvmeRestart" in shape ? { nvmeRestart: 0 } : {}),
    // Each further recovery would draw another wait.
    restartJitter: 0,
  };
}

const sync = policies.find((p) => p.name === "periodic-sync")!;
const async_ = policies.find((p) => p.name === "periodic-async")!;
test("without a persist latency async checkpoints are sync checkpoints", () => {
  fc.assert(fc.property(events, (list) => {
    const set = { interval: 700, checkpoint: 20 };
    const a = run(sync, list, set);
    const b = run(async_, list, { ...set, persist: 0 });
    for (const id of ["wall_seconds", "lost_seconds", "checkpoint_seconds"]) {
      assert.equal(value(a, id), value(b, id), id);
    }
  }));
});

test("on one trace the policies keep the order of E28", () => {
  const list = Array.from({ length: 40 }, (_, i) => ({
    at: 4000 + i * 11_135,
    kind: FAULT_KINDS.indexOf("software"),
    node: i % NODES,
    down: 0,
  }));
  const job = { useful: 350_000, mtbf: 11_135, iteration: 10, detect: 60, bytes: 0 };
  const goodput = (name: string, set: Record<string, unknown>) =>
    value(run(policies.find((p) => p.name === name)!, list, { ...job, ...set }), "goodput_ratio");
  const order = [
    goodput("recycle", { detect: 0, reconfigure: 10 }),
    goodput("just-in-time", { detect: 0, save: 60, block: 0 }),
    goodput("gemini", { memoryRestart: 65 }),
    goodput("async-spares", { interval: 300, checkpoint: 0.5, persist: 60, hot: 65 }),
    goodput("periodic-async", { interval: 300, checkpoint: 0.5, persist: 60, restart: 768 }),
    goodput("periodic-sync", { interval: "exact", checkpoint: 60, restart: 768 }),
  ];
  order.forEach((g, i) => {
    assert.ok(i === 0 || g < order[i - 1], `place ${i}: ${order.join(" ")}`);
  });
});
