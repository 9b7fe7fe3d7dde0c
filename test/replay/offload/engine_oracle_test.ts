import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { attentionPairs } from "../../../src/model/llm_math.ts";
import { createTiming } from "../../../src/replay/offload/timing.ts";
import { BLOCK_TOKENS, llm, serve, type TestRequest } from "./serve.ts";

const MODEL = { ...llm("llama-3-8b"), slidingWindow: { layers: 10, tokens: 150 } };
const WINDOW = MODEL.slidingWindow.tokens;
const TIMING = createTiming({
  llm: MODEL,
  tensorParallel: 1,
  stages: 1,
  flops: 0.5e15,
  memoryBytesPerSecond: 2e12,
  gpuBytesPerSecond: 400e9,
  overheadSeconds: 0,
  maxSequences: 256,
});

interface Params {
  readonly gpuBlocks: number;
  readonly maxSequences: number;
  readonly maxBatchTokens: number;
}

interface Job {
  readonly index: number;
  readonly row: TestRequest;
  order: number;
  generated: number;
  target: number;
  computed: number;
  /** Tokens stored, and blocks beside its list. */
  stored: number;
  own: number;
  first: number;
  end: number;
}

/**
 * The engine token by token, with plain lists: continuous batching first come first served, chunked prefill,
 * a prefix cache that evicts what was let go first, the youngest sequence preempted when blocks run out.
 */
function transcribed(rows: readonly TestRequest[], params: Params) {
  const { gpuBlocks, maxSequences, maxBatchTokens } = params;
  const held = new Map<number, number>();
  let cached: number[] = [];
  let own = 0;
  let made = -1;
  const counts = { hitTokens: 0, evicted: 0, preempted: 0, rejected: 0 };
  const resident = (id: number) => held.has(id) || cached.includes(id);
  const available = () => gpuBlocks - held.size - own;
  const room = () => {
    // A new block takes an empty one, else the place of the one that was let go first.
    if (held.size + own + cached.length >= gpuBlocks) {
      cached.shift();
      counts.evicted++;
    }
  };
  const hold = (id: number) => {
    if (cached.includes(id)) cached = cached.filter((other) => other !== id);
    else if (!held.has(id)) room();
    held.set(id, (held.get(id) ?? 0) + 1);
  };
  const takeOwn = () => {
    room();
    own++;
  };
  const letGo = (job: Job) => {
    for (const id of [...job.row.blocks!].reverse()) {
      const left = held.get(id)! - 1;
      if (left > 0) held.set(id, left);
      else {
        held.delete(id);
        cached.push(id);
      }
    }
    own -= job.own;
    job.own = 0;
  };

  const jobs = rows.map((row, index): Job => ({
    ...{ index, row, order: 0, generated: 0, target: 0, computed: 0, stored: 0, own: 0 },
    first: NaN,
    end: NaN,
  }));
  const queue: Job[] = [];
  let prefilling: Job[] = [];
  let running: Job[] = [];
  let arrived = 0;
  let started = 0;
  let clock = 0;
  const looked = new Set<Job>();

  const start = (job: Job): boolean => {
    const { blocks, input } = job.row;
    const tokens = input + job.generated;
    const free = blocks!.filter((id) => !held.has(id)).length;
    const beside = Math.max(0, Math.ceil(tokens / BLOCK_TOKENS) - blocks!.length);
    if (free + beside > available()) return false;
    let run = 0;
    while (run < blocks!.length && resident(blocks![run])) run++;
    job.target = tokens;
    job.computed = Math.min(run * BLOCK_TOKENS, tokens - 1);
    if (!looked.has(job)) counts.hitTokens += job.computed;
    looked.add(job);
    for (const id of blocks!.filter(resident)) hold(id);
    for (const id of blocks!.filter((id) => !held.has(id))) hold(id);
    for (let i = 0; i < beside; i++) takeOwn();
    job.own = beside;
    job.order = started++;
    return true;
  };
  const complete = (job: Job) => {
    // Full blocks that decoding made stay cached under ids of their own.
    const full = Math.floor((job.row.input + job.row.output - 1) / BLOCK_TOKENS);
    for (let at = job.row.blocks!.length; at < full && job.own > 0; at++) {
      job.own--;
      own--;
      cached.push(made--);
    }
    letGo(job);
    job.end = clock;
  };
  const grow = () => {
    for (;;) {
      const due = running.filter(({ stored }) => stored % BLOCK_TOKENS === 0);
      if (due.length <= available()) {
        for (const job of due) {
          takeOwn();
          job.own++;
        }
        return;
      }
      const youngest = running.reduce((a, b) => b.order > a.order ? b : a);
      running = running.filter((job) => job !== youngest);
      letGo(youngest);
      counts.preempted++;
      queue.unshift(youngest);
    }
  };
  const load = () => ({
    size: running.length,
    context: running.reduce((sum, { stored }) => sum + stored, 0),
    windowContext: running.reduce((sum, { stored }) => sum + Math.min(stored, WINDOW), 0),
    growing: running.filter(({ stored }) => stored < WINDOW).length,
  });

  for (;;) {
    if (queue.length + prefilling.length + running.length === 0) {
      if (arrived === jobs.length) break;
      clock = Math.max(clock, jobs[arrived].row.at);
    }
    while (arrived < jobs.length && jobs[arrived].row.at <= clock) queue.push(jobs[arrived++]);
    while (queue.length > 0 && running.length + prefilling.length < maxSequences) {
      if (start(queue[0])) prefilling.push(queue.shift()!);
      else if (running.length + prefilling.length > 0) break;
      else {
        queue.shift();
        counts.rejected++;
      }
    }
    let budget = maxBatchTokens - running.length;
    const work = { tokens: 0, pairs: 0, extraFlops: 0, contextRead: 0, windowRead: 0 };
    const chunks = new Map<Job, number>();
    for (const job of prefilling) {
      const chunk = Math.min(budget, job.target - job.computed);
      if (chunk <= 0) break;
      chunks.set(job, chunk);
      budget -= chunk;
      work.tokens += chunk;
      work.pairs += attentionPairs(MODEL, job.computed, job.computed + chunk);
      work.contextRead += job.computed;
      work.windowRead += Math.min(job.computed, WINDOW);
    }
    if (running.length > 0) grow();
    if (running.length === 0 && chunks.size === 0) continue;
    clock += TIMING.iteration(work, load());
    for (const job of running) {
      job.stored++;
      job.generated++;
    }
    const ended = running.filter((job) => job.generated >= job.row.output);
    running = running.filter((job) => job.generated < job.row.output);
    ended.forEach(complete);
    for (const [job, chunk] of chunks) job.computed += chunk;
    const done = prefilling.filter((job) => job.computed >= job.target);
    prefilling = prefilling.filter((job) => job.computed < job.target);
    for (const job of done) {
      if (Number.isNaN(job.first)) job.first = clock;
      job.generated++;
      job.stored = job.target;
      if (job.generated >= job.row.output) complete(job);
      else running.push(job);
    }
  }
  return { jobs, counts };
}

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

test("times, hits, evictions and preemptions are those of an engine that goes token by token", async () => {
  let preempted = 0;
  await fc.assert(
    fc.asyncProperty(
      traces,
      fc.record({
        gpuBlocks: fc.integer({ min: 6, max: 80 }),
        maxSequences: fc.constantFrom(1, 3, 64),
        maxBatchTokens: fc.constantFrom(128, 700, 8192),
      }),
      async (rows, params) => {
        const { requests, metric } = await serve("recompute", rows, params, { llm: MODEL });
        const { jobs, counts } = transcribed(rows, params);
        preempted += counts.preempted;
        assert.equal(metric("rejected_requests"), counts.rejected);
        assert.equal(metric("preemption_count"), counts.preempted);
        assert.equal(metric("gpu_removed_blocks"), counts.evicted);
        if (counts.rejected < rows.length) assert.equal(metric("hbm_hit_tokens"), counts.hitTokens);
        for (const { index, ttftSeconds, latencySeconds } of requests) {
          const { row, first, end } = jobs[index];
          const near = (a: number, b: number, what: string) =>
            assert.ok(
              Math.abs(a - b) <= 1e-9 * Math.max(1, b),
              `${what} of ${index}: ${a}, not ${b}`,
            );
          near(ttftSeconds, first - row.at, "first token");
          near(latencySeconds, end - row.at, "end");
        }
      },
    ),
    { numRuns: 150, seed: 20 },
  );
  assert.ok(preempted > 20, `${preempted} preemptions are too few to tell`);
});
