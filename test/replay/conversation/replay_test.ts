import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { conversationOf } from "../../../src/model/conversation.ts";
import { crossoverBandwidth, engineTime, loadingIsFaster } from "../../../src/model/engine_time.ts";
import type { ReplayOutcome } from "../../../src/model/policy.ts";
import type { RequestColumns } from "../../../src/model/trace/requests.ts";
import { conversationSchema } from "../../../src/replay/conversation/params.ts";
import { policy as hybrid } from "../../../src/replay/conversation/policies/hybrid.ts";
import { policy as kvOffload } from "../../../src/replay/conversation/policies/kv_offload.ts";
import { policy as recompute } from "../../../src/replay/conversation/policies/recompute.ts";
import { createStateStore } from "../../../src/replay/conversation/state_store.ts";
import { ENGINE, MACHINE } from "./engine.ts";

type Row = readonly [session: number, input: number, output: number];

function requests(rows: readonly Row[]): RequestColumns {
  return {
    kind: "requests",
    count: rows.length,
    arrivalNs: Float64Array.from(rows, (_, i) => i * 1e9),
    inputTokens: Uint32Array.from(rows, (r) => r[1]),
    outputTokens: Uint32Array.from(rows, (r) => r[2]),
    session: Int32Array.from(rows, (r) => r[0]),
    turn: new Int32Array(rows.length).fill(-1),
    thinkNs: new Float64Array(rows.length).fill(NaN),
    blockOffsets: null,
    blockIds: null,
  };
}

function replay(
  policy: typeof recompute,
  rows: readonly Row[],
  params: object = {},
): ReplayOutcome {
  const running = policy.create(conversationSchema.parse(params), {
    meta: { blockTokens: null, uniqueBlocks: null },
    profiles: { hardware: MACHINE, llm: null, site: null },
    seed: 1,
    seriesPoints: 100,
  });
  running.feed(requests(rows));
  return running.finish();
}

const value = (outcome: ReplayOutcome, id: string) => Number(outcome.metrics[id].value);
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

/** Two conversations that alternate, then one that goes on in place. */
const ROWS: readonly Row[] = [[0, 100, 10], [1, 200, 10], [0, 150, 10], [0, 180, 5]];

test("recompute evaluates the whole prompt of a conversation that left the slot, by hand", () => {
  const outcome = replay(recompute, ROWS);
  const t = engineTime(ENGINE, null);
  assert.equal(value(outcome, "recomputed_turns"), 1);
  assert.equal(value(outcome, "resident_turns"), 1);
  assert.equal(value(outcome, "ssd_written_bytes"), 0);
  // 100, 200, all 150 again, and 180 - (160 - 1) in place: the last decoded token is not yet in the state.
  assert.equal(value(outcome, "evaluated_tokens"), 100 + 200 + 150 + 21);
  const ttft = t.prefill(0, 100) + t.prefill(0, 200) + t.prefill(0, 150) + t.prefill(159, 21);
  near(value(outcome, "ttft_mean_seconds"), ttft / 4);
  near(value(outcome, "serving_seconds"), ttft + t.decode(9 + 9 + 9 + 4));
});

test("kv-offload loads the state of all but the last decoded token and saves after every turn", () => {
  const outcome = replay(kvOffload, ROWS);
  assert.equal(value(outcome, "restored_turns"), 1);
  assert.equal(value(outcome, "evaluated_tokens"), 100 + 200 + (150 - 109) + 21);
  assert.equal(value(outcome, "ssd_read_bytes"), 172 + 109 * 1000);
  assert.equal(value(outcome, "ssd_written_bytes"), 4 * 172 + (109 + 209 + 159 + 184) * 1000);
});

test("a limited drive makes loads take bytes over the limit plus the engine's own share", () => {
  const t = engineTime(ENGINE, 1e6);
  near(t.load(1e6), 0.0005 + 1e-9 * 1e6 + 1);
  // Slices of 0.1 s let 100,000 bytes pass at once, and the tenth hundred thousand after 0.9 s.
  near(engineTime(ENGINE, 1e6, "mid", 0.1).load(1e6), 0.0005 + 1e-9 * 1e6 + 0.9);
  near(engineTime(ENGINE, 1e6, "mid", 0.1).load(9e4), 0.001 + 1e-8 * 9e4);
  near(engineTime(ENGINE, 1e12).load(1e6), 0.001 + 1e-8 * 1e6);
});

test("at the crossover bandwidth loading takes as long as evaluating", () => {
  for (const tokens of [64, 300, 900]) {
    const t = engineTime(ENGINE, crossoverBandwidth(ENGINE, tokens)!);
    near(t.load(t.stateBytes(tokens)), t.prefill(0, tokens));
  }
  const slow = {
    ...ENGINE,
    loadWarm: { ...ENGINE.loadCold, baseSeconds: ENGINE.save.baseSeconds },
  };
  const costly = {
    ...slow,
    loadWarm: { ...slow.loadWarm, secondsPerByte: { ...slow.loadWarm.secondsPerByte, value: 1 } },
  };
  assert.equal(crossoverBandwidth(costly, 100), null);
});

const trace = fc.array(
  fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 40 })),
  { minLength: 1, maxLength: 30 },
);

test("hybrid never takes longer to the first token, in sum, than the policies that it chooses from", () => {
  fc.assert(fc.property(trace, fc.integer({ min: 1, max: 200 }), (rows, megabytes) => {
    const params = { readBandwidth: megabytes * 1e5 };
    const [a, b, c] = [hybrid, kvOffload, recompute].map((p) =>
      value(replay(p, rows, params), "ttft_mean_seconds")
    );
    assert.ok(a <= Math.min(b, c) + 1e-12, `${a} against ${b} and ${c}`);
  }));
});

test("every prompt token is evaluated or comes from a state, and turns add up", () => {
  fc.assert(
    fc.property(trace, fc.option(fc.integer({ min: 0, max: 800_000 })), (rows, stateBytes) => {
      const plan = conversationOf([requests(rows)], {
        contextTokens: 1024,
        tokenDivisor: 1,
        turns: 99,
      });
      const outcome = replay(kvOffload, rows, { stateBytes });
      const turns = outcome.detail!.turns as {
        action: string;
        readBytes: number;
        evaluatedTokens: number;
      }[];
      assert.equal(turns.length, plan.turns.length);
      let history = new Map<number, number>();
      turns.forEach((turn, i) => {
        const { session, newTokens, outputTokens, first } = plan.turns[i];
        const before = first ? 0 : history.get(session)!;
        const cached = turn.action === "resident"
          ? before - 1
          : turn.action === "restore"
          ? (turn.readBytes - 172) / 1000
          : 0;
        assert.equal(turn.evaluatedTokens + cached, before + newTokens);
        assert.ok(before + newTokens + outputTokens <= 1024);
        history = history.set(session, before + newTokens + outputTokens);
      });
    }),
  );
});

test("the state store agrees with a list that is searched from its old end", () => {
  const saves = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 60 })), {
    maxLength: 80,
  });
  fc.assert(fc.property(saves, fc.integer({ min: 1, max: 150 }), (list, capacity) => {
    const store = createStateStore(capacity);
    let model: { session: number; bytes: number }[] = [];
    for (const [session, bytes] of list) {
      store.save(session, bytes, bytes);
      model = model.filter((m) => m.session !== session);
      if (bytes > capacity) continue;
      model.push({ session, bytes });
      while (model.reduce((sum, m) => sum + m.bytes, 0) > capacity) model.shift();
    }
    for (let s = 0; s <= 5; s++) assert.equal(store.has(s), model.some((m) => m.session === s));
    assert.equal(store.heldBytes, model.reduce((sum, m) => sum + m.bytes, 0));
  }));
});

test("a prompt shorter than its history begins the conversation anew and is counted", () => {
  const plan = conversationOf([requests([[0, 100, 10], [0, 60, 10], [0, 2000, 10]])], {
    contextTokens: 512,
    tokenDivisor: 1,
    turns: 9,
  });
  assert.equal(plan.restarts, 2);
  assert.deepEqual(plan.turns.map((t) => t.first), [true, true, true]);
  assert.equal(plan.turns[2].newTokens, 512 - 10 - 1);
});

test("a machine without a measured engine is a usage error that says how to get one", () => {
  assert.throws(
    () =>
      recompute.create(conversationSchema.parse({}), {
        meta: { blockTokens: null, uniqueBlocks: null },
        profiles: { hardware: null, llm: null, site: null },
        seed: 1,
        seriesPoints: 1,
      }),
    { kind: "usage", hint: /calibrate --engine/ },
  );
  assert.equal(loadingIsFaster(100, 110, engineTime(ENGINE, 1e3)), false);
});
