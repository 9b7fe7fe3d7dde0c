import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LINK, MODEL, TOKEN_BYTES, transcribed } from "./engine_oracle.ts";
import { BLOCK_TOKENS, serve, type TestRequest } from "./serve.ts";

const traces = fc.array(
  fc.record({
    gap: fc.integer({ min: 0, max: 300 }),
    prompt: fc.nat(3),
    shared: fc.integer({ min: 0, max: 6 }),
    tail: fc.integer({ min: 1, max: 500 }),
    output: fc.integer({ min: 1, max: 250 }),
  }),
  { minLength: 1, maxLength: 30 },
).map((items) => {
  let at = 0;
  let next = 100;
  return items.map(({ gap, prompt, shared, tail, output }): TestRequest => {
    // Never at the end of an iteration but for equal arrivals.
    at += gap / 1000 * 1.0000123;
    const input = shared * BLOCK_TOKENS + tail;
    const blocks = Array.from({ length: shared }, (_, i) => prompt * 10 + i);
    while (blocks.length < Math.ceil(input / BLOCK_TOKENS)) blocks.push(next++);
    return { at, input, output, blocks };
  });
});

for (const overlap of ["layerwise", "none"] as const) {
  test(`times, hits and preemptions are those of an engine that goes token by token, overlap ${overlap}`, async () => {
    const seen = { preempted: 0, tierTokens: 0 };
    await fc.assert(
      fc.asyncProperty(
        traces,
        fc.record({
          gpuBlocks: fc.integer({ min: 6, max: 80 }),
          maxSequences: fc.constantFrom(1, 3, 64),
          maxBatchTokens: fc.constantFrom(128, 700, 8192),
          dramBlocks: fc.constantFrom(0, 20, 500),
        }),
        async (rows, params) => {
          const { dramBlocks, ...engine } = params;
          const tiers = {
            dram: dramBlocks * BLOCK_TOKENS * TOKEN_BYTES,
            ssd: 0,
            hostBandwidth: LINK,
            descriptorSeconds: 0,
            overlap,
          };
          const served = await serve("kv-offload", rows, { ...engine, ...tiers }, { llm: MODEL });
          const { metric } = served;
          const { jobs, counts } = transcribed(rows, { ...params, overlap });
          seen.preempted += counts.preempted;
          seen.tierTokens += counts.tierTokens;
          assert.equal(metric("rejected_requests"), counts.rejected);
          assert.equal(metric("preemption_count"), counts.preempted);
          assert.equal(metric("gpu_removed_blocks"), counts.evicted);
          assert.equal(metric("hbm_hit_tokens"), counts.hitTokens);
          assert.equal(metric("tier_hit_tokens"), counts.tierTokens);
          const saved = counts.saved * BLOCK_TOKENS * TOKEN_BYTES;
          assert.equal(metric("dram_written_bytes"), saved);
          for (const { index, ttftSeconds, latencySeconds } of served.requests) {
            const { row, first, end } = jobs[index];
            const near = (a: number, b: number, what: string) =>
              assert.ok(
                Math.abs(a - b) <= 1e-8 * Math.max(1, b),
                `${what} of ${index}: ${a}, not ${b}`,
              );
            near(ttftSeconds, first - row.at, "first token");
            near(latencySeconds, end - row.at, "end");
          }
        },
      ),
      { numRuns: 150, seed: 99 },
    );
    const told = JSON.stringify(seen);
    assert.ok(seen.preempted > 20 && seen.tierTokens > 1000, `${told} is too little to tell`);
  });
}
