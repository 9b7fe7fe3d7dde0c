import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ReplayOutcome } from "../../../src/model/policy.ts";
import { FAULT_KINDS, type FaultColumns } from "../../../src/model/trace/faults.ts";
import { POLICIES } from "../../../src/registry/policies.ts";
import { PHASE_METRICS } from "../../../src/replay/fault/phases.ts";

/** Every registered policy of the family must keep the invariants of the replay model. */
const policies = await Promise.all(
  POLICIES.filter((p) => p.family === "fault").map((entry) => entry.load()),
);

interface Event {
  at: number;
  kind: number;
  node: number;
  down: number;
}

const NODES = 8;

function columnsOf(events: readonly Event[]): FaultColumns {
  const sorted = [...events].sort((a, b) => a.at - b.at);
  return {
    kind: "faults",
    count: sorted.length,
    startSeconds: Float64Array.from(sorted, (e) => e.at),
    faultKind: Uint8Array.from(sorted, (e) => e.kind),
    node: Int32Array.from(sorted, (e) => e.node),
    downSeconds: Float64Array.from(sorted, (e) => e.down),
  };
}

function run(
  policy: (typeof policies)[number],
  events: readonly Event[],
  set: Record<string, unknown> = {},
  seed = 1,
): ReplayOutcome {
  const params = policy.params.parse({
    useful: 50_000,
    gpus: NODES * 8,
    bytes: 1e12,
    mtbf: 20_000,
    ...set,
  });
  const context = {
    meta: { nodeCount: NODES, spanSeconds: 400_000, nodes: [] },
    profiles: { hardware: null, llm: null, site: null },
    seed,
    seriesPoints: 100,
  };
  const replay = policy.create(params, context);
  replay.feed(columnsOf(events));
  return replay.finish();
}

const value = (outcome: ReplayOutcome, id: string): number => Number(outcome.metrics[id].value);

function phaseSum(outcome: ReplayOutcome): number {
  return Object.values(PHASE_METRICS).reduce((sum, id) => sum + value(outcome, id), 0);
}

const kinds = FAULT_KINDS.map((_, i) => i).filter((i) => FAULT_KINDS[i] !== "node_added");
const event = fc.record({
  at: fc.integer({ min: 0, max: 200_000 }),
  kind: fc.constantFrom(...kinds),
  node: fc.integer({ min: -1, max: NODES - 1 }),
  down: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.constant(NaN)),
});
const events = fc.array(event, { maxLength: 25 });
const runs = { numRuns: 40 };

test("the family has its thirteen policies", () => {
  assert.ok(policies.length >= 13);
});

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

  test(`${name}: without failures the wall time is training, blocks and degraded capacity`, () => {
    const outcome = run(policy, []);
    const wall = value(outcome, "wall_seconds");
    const blocks = value(outcome, "checkpoint_seconds");
    const loss = value(outcome, "capacity_loss_seconds");
    assert.ok(Math.abs(wall - 50_000 - blocks - loss) < 1e-6);
    assert.equal(value(outcome, "lost_seconds"), 0);
    assert.equal(value(outcome, "failure_count"), 0);
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

  test(`${name}: bytes written are whole saves`, () => {
    fc.assert(
      fc.property(events, (list) => {
        const outcome = run(policy, list);
        const remote = outcome.usage!.flows.filter((f) =>
          f.direction === "write" && (f.tier === "remote" || f.tier === "ssd")
        );
        for (const flow of remote) assert.equal(flow.bytes, flow.requests * 1e12);
      }),
      { numRuns: 15 },
    );
  });
}

const sync = policies.find((p) => p.name === "periodic-sync")!;
const async_ = policies.find((p) => p.name === "periodic-async")!;
const none = policies.find((p) => p.name === "none")!;
const software = (at: number): Event => ({ at, kind: 0, node: 1, down: 0 });
const times = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 20 });

for (const policy of [sync, async_, none]) {
  test(`${policy.name}: more failures never end the job sooner`, () => {
    fc.assert(fc.property(times, times, (some, more) => {
      const set = { restartImmune: false, interval: 900 };
      const few = run(policy, some.map(software), policy === none ? { restartImmune: false } : set);
      const many = run(
        policy,
        [...some, ...more].map(software),
        policy === none ? { restartImmune: false } : set,
      );
      assert.ok(value(many, "wall_seconds") >= value(few, "wall_seconds") - 1e-6);
    }));
  });

  test(`${policy.name}: a slower restart or detection never ends the job sooner`, () => {
    const delays = fc.integer({ min: 0, max: 3000 });
    fc.assert(fc.property(times, delays, delays, (list, a, b) => {
      const set = policy === none ? {} : { interval: 900 };
      const at = (restart: number, detect: number) =>
        value(
          run(policy, list.map(software), { ...set, restartImmune: false, restart, detect }),
          "wall_seconds",
        );
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      assert.ok(at(high, 60) >= at(low, 60) - 1e-6);
      assert.ok(at(300, high) >= at(300, low) - 1e-6);
    }));
  });
}

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
