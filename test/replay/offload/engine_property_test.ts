import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { kvBytesPerToken } from "../../../src/model/llm_math.ts";
import { EVICTIONS } from "../../../src/registry/evictions.ts";
import { POLICIES } from "../../../src/registry/policies.ts";
import { BLOCK_TOKENS, llm, serve, type TestRequest } from "./serve.ts";

const BLOCK = BLOCK_TOKENS * kvBytesPerToken(llm("llama-3-8b"));

/** Conversations over shared system prompts: turns continue their session's list. */
const traces = fc.array(
  fc.record({
    session: fc.nat(5),
    gap: fc.integer({ min: 0, max: 400 }),
    grows: fc.integer({ min: 0, max: 300 }),
    output: fc.integer({ min: 1, max: 200 }),
    think: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 40 },
).map((turns) => {
  const lists = new Map<number, { blocks: number[]; tokens: number; turn: number }>();
  let next = 4;
  let at = 0;
  return turns.map((turn): TestRequest => {
    const before = lists.get(turn.session) ??
      { blocks: [0, 1, turn.session % 2 + 2], tokens: 192, turn: 0 };
    const input = before.tokens + turn.grows;
    const blocks = before.blocks.slice(0, Math.floor(before.tokens / BLOCK_TOKENS));
    while (blocks.length < Math.ceil(input / BLOCK_TOKENS)) blocks.push(next++);
    lists.set(turn.session, { blocks, tokens: input + turn.output, turn: before.turn + 1 });
    at += turn.gap / 1000;
    return {
      at,
      input,
      output: turn.output,
      blocks,
      session: turn.session,
      turn: before.turn,
      think: before.turn === 0 || turn.think === undefined ? undefined : turn.think / 1000,
    };
  });
});

const tiered = fc.record({
  gpuBlocks: fc.integer({ min: 8, max: 120 }),
  dram: fc.integer({ min: 0, max: 60 }).map((blocks) => blocks * BLOCK),
  ssd: fc.integer({ min: 0, max: 100 }).map((blocks) => blocks * BLOCK),
  remote: fc.integer({ min: 0, max: 30 }).map((blocks) => blocks * BLOCK),
  write: fc.constantFrom("through", "back"),
  ssdWrite: fc.constantFrom("through", "back"),
  admission: fc.constantFrom("first", "second", "never"),
  tiers: fc.constantFrom("inclusive", "exclusive"),
  overlap: fc.constantFrom("layerwise", "none"),
  prefetch: fc.boolean(),
  lookAhead: fc.option(fc.integer({ min: 1, max: 5 })),
  load: fc.constantFrom("always", "cheapest"),
  bounceBuffer: fc.boolean(),
  eviction: fc.constantFrom(
    ...EVICTIONS.map((e) => e.name).filter((name) => name !== "infinite"),
  ),
  maxBatchTokens: fc.constantFrom(64, 512, 8192),
  maxSequences: fc.constantFrom(1, 4, 256),
  instances: fc.constantFrom(1, 2, 3),
  router: fc.constantFrom("round-robin", "least-loaded", "prefix-aware"),
  mode: fc.constantFrom("open", "closed", "split"),
  warmStart: fc.boolean(),
});

const RUNS = 60;
const names = POLICIES.filter((p) => p.family === "offload").map((p) => p.name);
for (const name of names) {
  test(`${name} conserves requests, blocks, bytes and time whatever the engine is told`, async () => {
    await fc.assert(
      fc.asyncProperty(traces, tiered, async (rows, { mode, ...params }) => {
        const { metric, outcome, requests } = await serve(name, rows, {
          ...params,
          closedLoop: mode === "closed",
          decodeInstances: mode === "split" ? 2 : 0,
        });
        // The engine checks its own books; here is what can be seen from outside.
        assert.equal(metric("completed_requests") + metric("rejected_requests"), rows.length);
        assert.equal(requests.length, metric("completed_requests"));
        const hits = ["hbm", "dram", "ssd", "remote"].reduce(
          (sum, tier) => sum + metric(`${tier}_hit_blocks`),
          0,
        );
        if (metric("rejected_requests") === 0) {
          const listed = rows.reduce((sum, row) => sum + row.blocks!.length, 0);
          if (name !== "none") assert.equal(hits + metric("missed_blocks"), listed);
        }
        const instances = params.instances + (mode === "split" ? 2 : 0);
        const seconds = ["busy", "wait", "idle"].reduce(
          (sum, k) => sum + metric(`gpu_${k}_seconds`),
          0,
        );
        const wall = metric("serving_seconds") * instances;
        assert.ok(Math.abs(seconds - wall) <= 1e-6 * Math.max(1, wall), `${seconds} of ${wall}`);
        for (const { ttftSeconds, latencySeconds } of requests) {
          assert.ok(ttftSeconds > 0 && latencySeconds >= ttftSeconds * (1 - 1e-12));
        }
        assert.ok(outcome.usage!.flows.every((flow) => flow.bytes > 0));
      }),
      { numRuns: RUNS },
    );
  });
}

test("an engine with one policy is deterministic: the same bytes of JSON each time", async () => {
  await fc.assert(
    fc.asyncProperty(traces, tiered, async (rows, { mode: _, ...params }) => {
      const run = async () => JSON.stringify((await serve("kv-offload", rows, params)).outcome);
      assert.equal(await run(), await run());
    }),
    { numRuns: 15 },
  );
});
