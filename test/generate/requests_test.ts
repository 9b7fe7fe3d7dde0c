import assert from "node:assert/strict";
import { test } from "node:test";
import { mooncakeLine } from "../../src/generate/mooncake_jsonl.ts";
import { chatRequests, DEFAULT_CHAT, generateChatTrace } from "../../src/generate/requests.ts";

const trace = generateChatTrace(DEFAULT_CHAT);

test("the same seed gives the same trace, another seed another one", () => {
  assert.deepEqual(generateChatTrace(DEFAULT_CHAT), trace);
  assert.notDeepEqual(generateChatTrace({ ...DEFAULT_CHAT, seed: 2 }), trace);
});

test("every request has exactly the blocks its prompt needs", () => {
  for (const r of trace) {
    assert.equal(r.blocks.length, Math.ceil(r.inputTokens / DEFAULT_CHAT.blockTokens));
    assert.equal(new Set(r.blocks).size, r.blocks.length);
  }
});

test("arrivals never go back, and turns of a session come in order", () => {
  const lastTurn = new Map<number, number>();
  let before = 0;
  for (const r of trace) {
    assert.ok(r.arrivalMs >= before);
    before = r.arrivalMs;
    assert.equal(r.turn, (lastTurn.get(r.session) ?? -1) + 1);
    assert.equal(r.thinkMs === null, r.turn === 0);
    lastTurn.set(r.session, r.turn);
  }
});

test("a turn finds the full blocks of the previous prompt again, and nothing of another session but its system prompt", () => {
  const previous = new Map<number, { input: number; blocks: readonly number[] }>();
  const owner = new Map<number, number>();
  const shared = Math.floor(DEFAULT_CHAT.systemPromptTokens / DEFAULT_CHAT.blockTokens);
  for (const r of trace) {
    const last = previous.get(r.session);
    if (last !== undefined) {
      const full = Math.floor(last.input / DEFAULT_CHAT.blockTokens);
      assert.deepEqual(r.blocks.slice(0, full), last.blocks.slice(0, full));
      assert.notEqual(r.blocks[full], last.blocks[full]);
    }
    for (const block of r.blocks.slice(shared)) {
      assert.equal(owner.get(block) ?? r.session, r.session);
      owner.set(block, r.session);
    }
    previous.set(r.session, { input: r.inputTokens, blocks: r.blocks });
  }
});

test("popular system prompts are shared by several sessions", () => {
  const firsts = new Set(trace.map((r) => r.blocks[0]));
  assert.ok(firsts.size <= DEFAULT_CHAT.systemPrompts);
  assert.ok(firsts.size > 1);
});

test("the mean number of turns and the arrival rate are near their parameters", () => {
  const params = { ...DEFAULT_CHAT, sessions: 4000, maxContextTokens: 1_000_000 };
  const many = generateChatTrace(params);
  const turns = many.length / params.sessions;
  assert.ok(Math.abs(turns - params.meanTurns) < 0.3, String(turns));
  const starts = many.filter((r) => r.turn === 0);
  const gap = starts.at(-1)!.arrivalMs / 1000 / starts.length;
  assert.ok(Math.abs(gap - params.meanSessionGapSeconds) < 0.15, String(gap));
});

test("each line is a Mooncake record", () => {
  const line = mooncakeLine(trace[0]);
  const record = JSON.parse(line);
  assert.deepEqual(record.hash_ids, trace[0].blocks);
  assert.equal(record.input_length, trace[0].inputTokens);
  assert.ok(!line.includes("\n"));
});

test("a long stream comes in order of arrival and holds only sessions that overlap", () => {
  const params = { ...DEFAULT_CHAT, sessions: 20_000, meanTurns: 2 };
  const many = [...chatRequests(params)];
  for (let i = 1; i < many.length; i++) {
    const [a, b] = [many[i - 1], many[i]];
    assert.ok(
      a.arrivalMs < b.arrivalMs || (a.arrivalMs === b.arrivalMs && a.session <= b.session),
      `request ${i}`,
    );
  }
  const turns = new Map<number, number>();
  for (const { session, turn } of many) {
    assert.equal(turn, turns.get(session) ?? 0, "the turns of a session in order, none lost");
    turns.set(session, turn + 1);
  }
  // The first request is there before the last session was drawn.
  const endless = chatRequests({ ...params, sessions: Infinity });
  assert.deepEqual(endless.next().value, many[0]);
});
