import assert from "node:assert/strict";
import { test } from "node:test";
import {
  attentionFlopsPerPair,
  attentionPairs,
  kvBytesPerToken,
  linearFlopsPerToken,
  weightBytesRead,
} from "../../../src/model/llm_math.ts";
import { BLOCK_TOKENS, llm, PLAIN_HARDWARE, serve, type TestRequest } from "./serve.ts";

const MODEL = llm("llama-3-8b");
const FLOPS = 0.5e15;
const HBM = 2e12;
const LINK = 20e9;

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const prefill = (from: number, to: number) =>
  ((to - from) * linearFlopsPerToken(MODEL) +
    attentionFlopsPerPair(MODEL) * attentionPairs(MODEL, from, to)) / FLOPS;
const near = (a: number, b: number, tolerance = 1e-9) =>
  assert.ok(Math.abs(a - b) <= tolerance * Math.abs(b), `${a} is not ${b}`);

test("one request: the prompt's FLOPs, then one read of weights and KV for each token", async () => {
  const rows: TestRequest[] = [{ at: 0, input: 2000, output: 11 }];
  const { requests, metric } = await serve("none", rows);
  near(requests[0].ttftSeconds, prefill(0, 2000));
  let decode = 0;
  for (let step = 0; step < 10; step++) {
    decode += (weightBytesRead(MODEL, 1) + kvBytesPerToken(MODEL) * (2000 + step)) / HBM;
  }
  near(requests[0].latencySeconds - requests[0].ttftSeconds, decode);
  near(metric("tpot_p50_seconds"), decode / 10);
  near(metric("gpu_busy_seconds"), prefill(0, 2000) + decode);
  assert.equal(metric("gpu_idle_seconds"), 0);
  assert.equal(metric("computed_tokens"), 2000);
});

test("long prompts are computed in chunks of the token budget, short ones share an iteration", async () => {
  const chunked = await serve("none", [{ at: 0, input: 5000, output: 1 }], {
    maxBatchTokens: 1000,
  });
  near(chunked.requests[0].ttftSeconds, prefill(0, 5000));
  assert.equal(chunked.outcome.detail!.iterations, 5);
  const two = await serve("none", [
    { at: 0, input: 1000, output: 1 },
    { at: 0, input: 1000, output: 1 },
  ]);
  assert.equal(two.outcome.detail!.iterations, 1);
  near(two.requests[0].ttftSeconds, 2 * prefill(0, 1000));
});

test("a prefix found in GPU memory is not computed; the last token always is", async () => {
  const rows: TestRequest[] = [
    { at: 0, input: 640, output: 1, blocks: range(0, 10) },
    { at: 10, input: 640, output: 1, blocks: range(0, 10) },
  ];
  const { requests, metric } = await serve("recompute", rows);
  assert.equal(metric("hbm_hit_tokens"), 639);
  assert.equal(metric("hbm_hit_blocks"), 10);
  assert.equal(metric("missed_blocks"), 10);
  assert.ok(requests[1].ttftSeconds < requests[0].ttftSeconds);
  near(metric("token_reuse_ratio"), 639 / 1280);
});

/** Two requests with the same long prefix, and others between that push it out of a small GPU cache. */
function evicting(blocks = 64): TestRequest[] {
  const input = blocks * BLOCK_TOKENS;
  return [
    { at: 0, input, output: 1, blocks: range(0, blocks) },
    { at: 10, input, output: 1, blocks: range(1000, 1000 + blocks) },
    { at: 20, input, output: 1, blocks: range(0, blocks) },
  ];
}

test("what GPU memory evicted comes back from host memory: fill, load and drain", async () => {
  const tight = { gpuBlocks: 64, dram: 100e9, ssd: 0, descriptorSeconds: 0 };
  const { requests, metric } = await serve("kv-offload", evicting(), tight);
  const tokens = 64 * BLOCK_TOKENS;
  assert.equal(metric("dram_hit_blocks"), 64);
  assert.equal(metric("dram_hit_tokens"), tokens - 1);
  assert.equal(metric("missed_blocks"), 128);
  const bytes = 64 * BLOCK_TOKENS * kvBytesPerToken(MODEL) * (tokens - 1) / tokens;
  near(metric("dram_read_bytes"), bytes, 1e-6);
  // The load is longer than computing the last token: it ends, and the last layer's part is computed.
  const last = Math.max(
    prefill(tokens - 1, tokens),
    (weightBytesRead(MODEL, 1) + kvBytesPerToken(MODEL) * (tokens - 1)) / HBM,
  );
  near(requests[2].ttftSeconds, bytes / LINK + last / MODEL.layers, 1e-6);
  const off = await serve("kv-offload", evicting(), { ...tight, overlap: "none" });
  near(off.requests[2].ttftSeconds, bytes / LINK + last, 1e-6);
  const without = await serve("recompute", evicting(), { gpuBlocks: 64 });
  assert.equal(without.metric("token_reuse_ratio"), 0);
  near(without.requests[2].ttftSeconds, prefill(0, tokens));
});

test("a drive behind a bounce buffer is bound by the slowest of drive, memory twice, and host link", async () => {
  const params = { gpuBlocks: 64, dram: 0, ssd: 1e12, descriptorSeconds: 0 };
  const bytes = 64 * BLOCK_TOKENS * kvBytesPerToken(MODEL);
  const rate = async (change: object, extra: object = {}) => {
    const hardware = { ...PLAIN_HARDWARE, ...change };
    const { requests } = await serve("kv-offload", evicting(), { ...params, ...extra }, {
      hardware,
    });
    return bytes / requests[2].ttftSeconds;
  };
  near(await rate({}), 10e9, 2e-2);
  const quantity = (value: number) => ({ value, evidence: "assumed" as const, source: "test" });
  const memory = { dram: { capacityBytes: 1e11, bytesPerSecond: quantity(8e9) } };
  near(await rate(memory), 4e9, 2e-2);
  near(await rate(memory, { bounceBuffer: false }), 10e9, 2e-2);
  const links = (more: object) => ({ links: { ...PLAIN_HARDWARE.links, ...more } });
  near(await rate(links({ driveSwitch: quantity(6e9) })), 6e9, 2e-2);
  near(await rate(links({ rootComplex: quantity(3e9) })), 3e9, 2e-2);
  near(
    await rate(links({ interSocket: quantity(2e9), interSocketShare: 0.5 })),
    4e9,
    2e-2,
  );
  // Drive and GPU under one switch, without a bounce buffer: past the root complex.
  const common = links({ driveSwitch: quantity(6e9), rootComplex: quantity(3e9) });
  near(await rate(common, { bounceBuffer: false }), 10e9, 2e-2);
});

test("write-through saves when computed, write-back when the GPU evicts; never admits nothing", async () => {
  const params = { gpuBlocks: 64, dram: 100e9, ssd: 0 };
  const bytes = (blocks: number) => blocks * BLOCK_TOKENS * kvBytesPerToken(MODEL);
  const through = await serve("kv-offload", evicting(), params);
  assert.equal(through.metric("dram_written_bytes"), bytes(128));
  // Evicted: the first prompt by the second, the second by the third.
  const back = await serve("kv-offload", evicting(), { ...params, write: "back" });
  assert.equal(back.metric("dram_written_bytes"), bytes(128));
  const once = await serve("kv-offload", evicting().slice(0, 2), { ...params, write: "back" });
  assert.equal(once.metric("dram_written_bytes"), bytes(64));
  const never = await serve("kv-offload", evicting(), { ...params, admission: "never" });
  assert.equal(never.metric("dram_written_bytes"), 0);
  const second = await serve("kv-offload", evicting(), { ...params, admission: "second" });
  assert.equal(second.metric("dram_hit_blocks"), 0);
  assert.equal(second.metric("dram_written_bytes"), bytes(64));
});

test("a full memory tier moves its oldest blocks to the drive, and exclusive tiers hold a block once", async () => {
  const block = BLOCK_TOKENS * kvBytesPerToken(MODEL);
  const params = { gpuBlocks: 64, dram: 64 * block, ssd: 1e12 };
  const inclusive = await serve("kv-offload", evicting(), params);
  assert.equal(inclusive.metric("ssd_hit_blocks"), 64);
  assert.equal(inclusive.metric("dram_hit_blocks"), 0);
  assert.ok(inclusive.metric("ssd_written_bytes") >= 64 * block);
  const exclusive = await serve("kv-offload", evicting(), { ...params, tiers: "exclusive" });
  assert.equal(exclusive.metric("dram_hit_blocks"), 64);
  assert.equal(exclusive.metric("ssd_written_bytes"), 0);
});

test("a remote tier takes what the drives cannot hold", async () => {
  const block = BLOCK_TOKENS * kvBytesPerToken(MODEL);
  const { metric } = await serve("kv-offload", evicting(), {
    gpuBlocks: 64,
    dram: 32 * block,
    ssd: 32 * block,
    remote: 1e12,
  });
  assert.equal(metric("remote_hit_blocks") + metric("ssd_hit_blocks"), 64);
  assert.ok(metric("remote_hit_blocks") > 0);
});

test("a warm start finds everything that the trace reuses or repeats", async () => {
  const cold = await serve("kv-offload", evicting(), { gpuBlocks: 64 });
  const warm = await serve("kv-offload", evicting(), { gpuBlocks: 64, warmStart: true });
  assert.ok(cold.metric("missed_blocks") > 0);
  assert.equal(warm.metric("missed_blocks"), 0);
});

test("warm-up requests fill the caches but are not counted", async () => {
  const { requests, metric } = await serve("recompute", [
    { at: 0, input: 640, output: 1, blocks: range(0, 10) },
    { at: 10, input: 640, output: 1, blocks: range(0, 10) },
  ], { warmupRequests: 1 });
  assert.equal(requests.length, 1);
  assert.equal(metric("token_reuse_ratio"), 639 / 640);
});

test("blocks made by decoding are reused by the session's next turn", async () => {
  const rows: TestRequest[] = [
    { at: 0, input: 128, output: 129, blocks: [0, 1], session: 0, turn: 0 },
    { at: 100, input: 320, output: 1, blocks: [0, 1, 2, 3, 4], session: 0, turn: 1 },
  ];
  const { metric } = await serve("recompute", rows);
  // Two blocks of the prompt and two of the answer, which the trace calls 2 and 3.
  assert.equal(metric("hbm_hit_tokens"), 256);
});

test("closed-loop, the next turn waits for the answer and the think time", async () => {
  const rows: TestRequest[] = [
    { at: 0, input: 2000, output: 500, blocks: range(0, 32), session: 0, turn: 0 },
    { at: 0.001, input: 2000, output: 1, blocks: range(0, 32), session: 0, turn: 1, think: 3 },
  ];
  const open = await serve("recompute", rows);
  const closed = await serve("recompute", rows, { closedLoop: true });
  const first = closed.requests[0].latencySeconds;
  assert.ok(closed.metric("serving_seconds") > first + 3);
  assert.ok(open.metric("serving_seconds") < first + 3);
  near(closed.metric("gpu_idle_seconds"), 3);
});

test("a prompt larger than the GPU's blocks is refused, and counted", async () => {
  const { metric, outcome } = await serve("none", [{ at: 0, input: 5000, output: 4 }], {
    gpuBlocks: 10,
  });
  assert.equal(metric("rejected_requests"), 1);
  assert.equal(outcome.metrics.ttft_p50_seconds.value, null);
  assert.ok(outcome.notes!.some((note) => /refused/.test(note)));
});

test("when blocks run out the youngest sequence gives its own back and is computed again", async () => {
  const rows = [0, 1].map((i): TestRequest => ({
    at: i / 1000,
    input: 640,
    output: 400,
    blocks: range(i * 10, i * 10 + 10),
  }));
  const { metric } = await serve("recompute", rows, { gpuBlocks: 28 });
  assert.ok(metric("preemption_count") >= 1);
  assert.equal(metric("completed_requests"), 2);
});

test("objectives: attained requests are counted out of all that ended", async () => {
  const rows = [0, 1, 2, 3].map((i): TestRequest => ({
    at: 10 * i,
    input: 500 * (i + 1),
    output: 1,
  }));
  const limit = (prefill(0, 1000) + prefill(0, 1500)) / 2;
  const { outcome } = await serve("none", rows, { sloTtft: limit });
  assert.equal(outcome.metrics.slo_attainment_ratio.value, 0.5);
  assert.equal(outcome.metrics.slo_attainment_ratio.count, 4);
  assert.equal(outcome.metrics.ttft_p99_seconds.count, 4);
});

test("without reuse a prompt takes its blocks whether the trace names them or not", async () => {
  const named = Array.from({ length: 12 }, (_, i): TestRequest => ({
    at: i / 100,
    input: 640,
    output: 50 + i,
    blocks: range(0, 10),
  }));
  const nameless = named.map(({ blocks: _, ...row }) => row);
  const options = { gpuBlocks: 28 };
  for (const split of [{}, { instances: 1, decodeInstances: 1 }]) {
    const ours = await serve("none", named, { ...options, ...split });
    const without = await serve("none", nameless, { ...options, ...split, blockTokens: 64 });
    assert.deepEqual(ours.requests, without.requests);
  }
  // 28 blocks hold two prompts of ten blocks with their answers: the others wait.
  const free = await serve("none", named, { gpuBlocks: 1000 });
  const bound = await serve("none", named, options);
  assert.ok(bound.metric("ttft_p99_seconds") > 2 * free.metric("ttft_p99_seconds"));
});
