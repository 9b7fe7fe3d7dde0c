import assert from "node:assert/strict";
import { test } from "node:test";
import { kvBytesPerToken } from "../../../src/model/llm_math.ts";
import { BLOCK_TOKENS, llm, PLAIN_HARDWARE, serve, type TestRequest } from "./serve.ts";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Two prompts in turn, five times each, far apart: a router decides how much of them is found. */
function alternating(period: number): TestRequest[] {
  return Array.from({ length: 12 }, (_, i) => ({
    at: 5 * i,
    input: 640,
    output: 1,
    blocks: range((i % period) * 10, (i % period) * 10 + 10),
  }));
}

test("routers: round-robin deals in turn, prefix-aware follows the cache, least-loaded the queue", async () => {
  const hits = async (router: string, rows: TestRequest[]) =>
    (await serve("recompute", rows, { instances: 2, router })).metric("hbm_hit_blocks");
  // Three prompts over two instances: dealt in turn each prompt is computed on both.
  assert.equal(await hits("round-robin", alternating(3)), 60);
  assert.equal(await hits("prefix-aware", alternating(3)), 90);
  // Nothing waits, so the least loaded is always the first.
  assert.equal(await hits("least-loaded", alternating(3)), 90);
  const burst = Array.from({ length: 8 }, (_, i): TestRequest => ({
    at: i / 1e6,
    input: 4000,
    output: 1,
  }));
  const seconds = async (router: string) =>
    (await serve("none", burst, { instances: 2, router, maxBatchTokens: 4000 }))
      .metric("serving_seconds");
  assert.ok(Math.abs(await seconds("least-loaded") - await seconds("round-robin")) < 1e-5);
});

test("closed-loop sessions stay where the router put their first turn", async () => {
  const rows = range(0, 4).flatMap((session): TestRequest[] => [
    {
      at: session / 10,
      input: 640,
      output: 1,
      blocks: range(session * 20, session * 20 + 10),
      session,
      turn: 0,
    },
    {
      at: session / 10 + 1,
      input: 1280,
      output: 1,
      blocks: range(session * 20, session * 20 + 20),
      session,
      turn: 1,
      think: 2,
    },
  ]).sort((a, b) => a.at - b.at);
  for (const router of ["round-robin", "least-loaded", "prefix-aware"]) {
    const { metric } = await serve("recompute", rows, { closedLoop: true, instances: 3, router });
    assert.equal(metric("hbm_hit_blocks"), 40, router);
    assert.equal(metric("completed_requests"), 8);
  }
});

test("prefill and decode apart: the KV crosses the network between first and second token", async () => {
  const rows: TestRequest[] = [{ at: 0, input: 4096, output: 11, blocks: range(0, 64) }];
  const params = { instances: 1, decodeInstances: 1, overlap: "none" };
  const together = await serve("kv-offload", rows);
  const apart = await serve("kv-offload", rows, params);
  const sent = 4096 * kvBytesPerToken(llm("llama-3-8b")) /
    PLAIN_HARDWARE.links.nic!.value;
  assert.equal(apart.requests[0].ttftSeconds, together.requests[0].ttftSeconds);
  const extra = apart.requests[0].latencySeconds - together.requests[0].latencySeconds;
  assert.ok(Math.abs(extra - sent) < 1e-9, `${extra} is not ${sent}`);
  // Layer by layer it is sent while the prompt is computed; the last layer's part is left at least.
  const layered = await serve("kv-offload", rows, { ...params, overlap: "layerwise" });
  const left = layered.requests[0].latencySeconds - together.requests[0].latencySeconds;
  assert.ok(left < sent && left >= sent / llm("llama-3-8b").layers - 1e-12);
});

test("decoding elsewhere keeps long prompts out of the way of tokens", async () => {
  const rows: TestRequest[] = [
    { at: 0, input: 64, output: 200, blocks: [0] },
    ...range(1, 20).map((i): TestRequest => ({
      at: i / 50,
      input: 6400,
      output: 1,
      blocks: range(100 * i, 100 * i + 100),
    })),
  ];
  const together = await serve("recompute", rows, { instances: 2 });
  const apart = await serve("recompute", rows, { instances: 1, decodeInstances: 1 });
  assert.ok(apart.metric("tpot_p99_seconds") < together.metric("tpot_p99_seconds"));
  assert.equal(apart.metric("completed_requests"), 20);
});

test("prefetching a queued request's blocks into memory shortens its wait", async () => {
  const model = llm("llama-3-8b");
  const block = BLOCK_TOKENS * kvBytesPerToken(model);
  const rows: TestRequest[] = [
    { at: 0, input: 6400, output: 1, blocks: range(0, 100) },
    { at: 20, input: 6400, output: 1, blocks: range(200, 300) },
    { at: 40, input: 8192, output: 1, blocks: range(400, 528) },
    { at: 40.001, input: 6400, output: 1, blocks: range(600, 700) },
    { at: 40.002, input: 6400, output: 1, blocks: range(0, 100) },
  ];
  const params = { gpuBlocks: 128, dram: 240 * block, ssd: 1e12, maxSequences: 1 };
  const without = await serve("kv-offload", rows, params);
  const ahead = await serve("cachedattention", rows, params);
  assert.equal(without.metric("ssd_hit_blocks"), 100);
  assert.equal(ahead.metric("dram_hit_blocks"), 100);
  assert.ok(ahead.requests[4].ttftSeconds < without.requests[4].ttftSeconds);
});

test("a split that cannot be is refused with what is missing", async () => {
  const rows: TestRequest[] = [{ at: 0, input: 64, output: 2 }];
  const { nic: _, ...links } = PLAIN_HARDWARE.links;
  await assert.rejects(
    serve("none", rows, { decodeInstances: 1 }, { hardware: { ...PLAIN_HARDWARE, links } }),
    /no links\.nic/,
  );
  await assert.rejects(
    serve("none", rows, { decodeInstances: 1, closedLoop: true }),
    /closed-loop/,
  );
});
