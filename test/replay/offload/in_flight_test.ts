import assert from "node:assert/strict";
import { test } from "node:test";
import { kvBytesPerToken } from "../../../src/model/llm_math.ts";
import { createTiming } from "../../../src/replay/offload/timing.ts";
import { BLOCK_TOKENS, llm, PLAIN_HARDWARE, serve, type TestRequest } from "./serve.ts";

const BLOCK = BLOCK_TOKENS * kvBytesPerToken(llm("llama-3-8b"));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const prompt = (at: number, blocks: number[], more: Partial<TestRequest> = {}): TestRequest => ({
  at,
  input: blocks.length * BLOCK_TOKENS,
  output: 1,
  blocks,
  ...more,
});

for (const overlap of ["layerwise", "none"]) {
  test(`a prefix that another request is still loading is waited for, overlap ${overlap}`, async () => {
    // The fourth request loads 63 blocks; the fifth finds them held by it, but they are not there yet.
    const rows = [
      prompt(0, range(0, 63)),
      prompt(10, range(1000, 1120)),
      // Decodes meanwhile, so that the GPU does not stand still for the load.
      { ...prompt(19, range(2000, 2001)), output: 400 },
      prompt(20, range(0, 63)),
      prompt(20, [...range(0, 63), 500]),
    ];
    const slow = { gpuBlocks: 120, dram: 100e9, ssd: 0, hostBandwidth: 1e9, overlap };
    const { requests } = await serve("kv-offload", rows, slow);
    const load = 62 * BLOCK / 1e9;
    assert.ok(requests[3].ttftSeconds >= load, `${requests[3].ttftSeconds}`);
    assert.ok(requests[4].ttftSeconds >= load, `${requests[4].ttftSeconds} before ${load}`);
    assert.ok(requests[4].ttftSeconds < 1.5 * load, "it is loaded once");
  });
}

test("every block that counts as found in a tier is read from that tier", async () => {
  // The head of the prompt is the oldest in a memory of 8 blocks, its tail was displaced to the drive.
  const rows = [
    prompt(0, range(0, 16)),
    prompt(10, range(100, 116)),
    prompt(20, range(0, 16)),
  ];
  for (const dram of [4, 8, 12]) {
    const { metric } = await serve("kv-offload", rows, {
      gpuBlocks: 16,
      dram: dram * BLOCK,
      ssd: 22 * BLOCK,
      eviction: "lru",
    });
    for (const tier of ["dram", "ssd"]) {
      const read = metric(`${tier}_read_bytes`);
      const hit = metric(`${tier}_hit_blocks`) * BLOCK;
      // All but the prompt's last token.
      assert.ok(Math.abs(read - hit) <= 0.01 * hit, `${tier}, ${dram}: ${read} of ${hit}`);
    }
  }
});

test("who computes what a prefetch brings does not wait for it", async () => {
  const tiers = { gpuBlocks: 80, dram: 80 * BLOCK, ssd: 1e12, descriptorSeconds: 0 };
  // The first blocks end up on the drive; the last request waits behind the one before and is prefetched.
  const rows = [
    prompt(0, range(0, 64)),
    prompt(10, range(1000, 1064)),
    prompt(20, range(2000, 2064)),
    prompt(30, range(3000, 3064)),
    prompt(30, range(0, 64)),
  ];
  const slow = { ...tiers, load: "cheapest", hostBandwidth: 1e6 };
  const drives = PLAIN_HARDWARE.ssds.map((drive) => ({
    ...drive,
    readBytesPerSecond: { value: 1e6, evidence: "assumed" as const, source: "test" },
  }));
  const profiles = { hardware: { ...PLAIN_HARDWARE, ssds: drives } };
  const { requests, metric } = await serve("cachedattention", rows, slow, profiles);
  assert.equal(metric("dram_read_bytes"), 0);
  const plain = await serve("kv-offload", rows, { ...slow, prefetch: false }, profiles);
  assert.equal(requests[4].ttftSeconds, plain.requests[4].ttftSeconds);
});

test("admission on the second use counts a use that the GPU serves", async () => {
  const params = { gpuBlocks: 64, dram: 1e12, ssd: 0, admission: "second" };
  const twice = [prompt(0, range(0, 32)), prompt(10, range(0, 32))];
  const through = await serve("kv-offload", twice, params);
  assert.equal(through.metric("dram_written_bytes"), 32 * BLOCK);
  const evicted = [...twice, prompt(20, range(1000, 1064))];
  const back = await serve("kv-offload", evicted, { ...params, write: "back" });
  assert.equal(back.metric("dram_written_bytes"), 32 * BLOCK);
  const once = [prompt(0, range(0, 32)), prompt(10, range(1000, 1064))];
  for (const write of ["through", "back"]) {
    const { metric } = await serve("kv-offload", once, { ...params, write });
    assert.equal(metric("dram_written_bytes"), 0);
  }
});

test("closed-loop, the turn after a refused one comes when that was refused", async () => {
  const rows: TestRequest[] = [
    { ...prompt(0, range(0, 8)), output: 2000, session: 1, turn: 0 },
    { ...prompt(1, range(0, 300)), session: 1, turn: 1, think: 1 },
    { ...prompt(2, range(0, 8)), session: 1, turn: 2, think: 1 },
  ];
  const { requests, metric } = await serve("recompute", rows, { closedLoop: true, gpuBlocks: 64 });
  assert.equal(metric("rejected_requests"), 1);
  const due = requests[0].latencySeconds + 2;
  const end = due + requests[1].latencySeconds;
  assert.ok(Math.abs(metric("serving_seconds") - end) < 1e-9, "time does not go back");
});

test("a sequence alone in a pipeline reads its context from one stage after the other", () => {
  const timing = (stages: number) =>
    createTiming({
      llm: llm("llama-3-8b"),
      tensorParallel: 1,
      stages,
      flops: stages * 5e14,
      memoryBytesPerSecond: stages * 2e12,
      gpuBytesPerSecond: Infinity,
      overheadSeconds: 0,
      maxSequences: 8,
    });
  const nothing = { tokens: 0, pairs: 0, extraFlops: 0, contextRead: 0, windowRead: 0 };
  const load = (size: number, context: number) => ({ size, context, windowContext: 0, growing: 0 });
  const [one, four] = [timing(1), timing(4)];
  const near = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 1e-12, `${a} not ${b}`);
  near(four.decode(load(1, 100_000), 1), one.decode(load(1, 100_000), 1));
  near(four.iteration(nothing, load(1, 100_000)), one.iteration(nothing, load(1, 100_000)));
  const context = (t: typeof one, sequences: number) =>
    t.decode(load(sequences, 200_000), 1) - t.decode(load(sequences, 100_000), 1);
  near(context(four, 2), context(one, 2) / 2);
  near(context(four, 8), context(one, 8) / 4);
});

test("while others decode, a prompt is computed under the end of its load, not after it", async () => {
  const rows = [
    prompt(0, range(0, 100)),
    prompt(10, range(1000, 1220)),
    { ...prompt(20, range(2000, 2002)), output: 3000 },
    // 100 blocks to load, 50 to compute.
    prompt(21, range(0, 150)),
  ];
  const params = { gpuBlocks: 220, dram: 1e12, ssd: 0, hostBandwidth: 2e9 };
  const whole = await serve("kv-offload", rows, { ...params, overlap: "none" });
  const layers = await serve("kv-offload", rows, params);
  const load = 100 * BLOCK / 2e9;
  const compute = whole.requests[3].ttftSeconds - load;
  const saved = whole.requests[3].ttftSeconds - layers.requests[3].ttftSeconds;
  assert.ok(saved > 0.8 * compute, `${saved} of ${compute}`);
});
