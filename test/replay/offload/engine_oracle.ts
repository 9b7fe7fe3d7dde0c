import { attentionPairs, kvBytesPerToken, restoredShare } from "../../../src/model/llm_math.ts";
import { createTiming } from "../../../src/replay/offload/timing.ts";
import { BLOCK_TOKENS, llm, type TestRequest } from "./serve.ts";

export const MODEL = { ...llm("llama-3-8b"), slidingWindow: { layers: 10, tokens: 150 } };
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

/** Bytes of KV of a token, and what a load of one gets of the host link when it is alone, bytes a second. */
export const TOKEN_BYTES = kvBytesPerToken(MODEL);
export const LINK = 2e9;

export interface OracleParams {
  readonly gpuBlocks: number;
  readonly maxSequences: number;
  readonly maxBatchTokens: number;
  /** Blocks of host memory that keep what was computed, least recently used first to go; 0: none. */
  readonly dramBlocks: number;
  readonly overlap: "layerwise" | "none";
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
  /** Bytes of its load still to come; whether it had one and has not been computed since. */
  loading: number;
  waits: boolean;
  /** Blocks it found that another was still bringing: by whom, and how many of its tokens that takes. */
  behind: { readonly job: Job; readonly tokens: number }[];
  chunk: number;
  saved: number;
}

/**
 * The engine token by token, with plain lists: continuous batching first come first served, chunked prefill,
 * a prefix cache that evicts what was let go first, the youngest sequence preempted when blocks run out;
 * below it host memory, from which loads share the link equally.
 */
export function transcribed(rows: readonly TestRequest[], params: OracleParams) {
  const { gpuBlocks, maxSequences, maxBatchTokens, dramBlocks, overlap } = params;
  const held = new Map<number, number>();
  let cached: number[] = [];
  let own = 0;
  let made = -1;
  // Least recently used first.
  let dram: number[] = [];
  const bringing = new Map<number, { job: Job; tokens: number }>();
  const counts = { hitTokens: 0, tierTokens: 0, evicted: 0, preempted: 0, rejected: 0, saved: 0 };
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
  const use = (id: number) => dram = [...dram.filter((other) => other !== id), id];
  const save = (ids: readonly number[]) => {
    for (const id of [...ids].reverse()) {
      if (dramBlocks === 0) return;
      if (!dram.includes(id)) counts.saved++;
      use(id);
      if (dram.length > dramBlocks) dram.shift();
    }
  };
  /** When each load under way ends if no other starts, by processor sharing. */
  const loadEnds = (): Map<Job, number> => {
    const ends = new Map<Job, number>();
    let at = clock;
    let gone = 0;
    const loads = jobs.filter(({ loading }) => loading > 0).sort((a, b) => a.loading - b.loading);
    loads.forEach((job, i) => {
      at += (job.loading - gone) * (loads.length - i) / LINK;
      gone = job.loading;
      ends.set(job, at);
    });
    return ends;
  };
  const pass = (until: number): void => {
    let at = clock;
    while (at < until) {
      const loads = jobs.filter(({ loading }) => loading > 0);
      if (loads.length === 0) break;
      const least = Math.min(...loads.map(({ loading }) => loading));
      const seconds = Math.min(until - at, least * loads.length / LINK);
      const moved = seconds === until - at ? seconds * LINK / loads.length : least;
      for (const job of loads) job.loading = job.loading - moved < 1e-3 ? 0 : job.loading - moved;
      at += seconds;
    }
    clock = until;
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
    ...{ loading: 0, waits: false, behind: [], chunk: 0, saved: 0 },
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
    let inGpu = 0;
    while (inGpu < blocks!.length && resident(blocks![inGpu])) inGpu++;
    let run = inGpu;
    while (run < blocks!.length && (resident(blocks![run]) || dram.includes(blocks![run]))) run++;
    const from = Math.min(inGpu * BLOCK_TOKENS, tokens - 1);
    const missing = blocks!.slice(inGpu, run).filter((id) => !resident(id));
    const after = Math.min(run * BLOCK_TOKENS, tokens - 1);
    const loads = missing.length > 0 && after > from;
    if (!loads) run = inGpu;
    job.target = tokens;
    job.computed = Math.min(run * BLOCK_TOKENS, tokens - 1);
    job.saved = run;
    job.behind = blocks!.slice(0, run).flatMap((id) => bringing.get(id) ?? []);
    if (loads) {
      for (const id of [...missing].reverse()) use(id);
      job.loading = (after - from) * TOKEN_BYTES * restoredShare(MODEL, from, after);
      job.waits = true;
    }
    if (!looked.has(job)) {
      const tier = loads
        ? blocks!.slice(0, run).reduce(
          (sum, id, i) =>
            sum + (missing.includes(id) ? Math.min(BLOCK_TOKENS, after - i * BLOCK_TOKENS) : 0),
          0,
        )
        : 0;
      counts.tierTokens += tier;
      counts.hitTokens += job.computed - tier;
    }
    looked.add(job);
    blocks!.forEach((id, i) => {
      if (i >= inGpu && !resident(id)) {
        bringing.set(id, { job, tokens: Math.min((i + 1) * BLOCK_TOKENS, tokens) });
      }
    });
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
    const kept = Math.max(0, Math.min(full - job.row.blocks!.length, job.own));
    job.own -= kept;
    own -= kept;
    const ids = Array.from({ length: kept }, () => made--);
    cached.push(...ids);
    save(ids);
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

  /** Whether another has, or will have after this iteration, what it was to bring. */
  const there = ({ job, tokens }: Job["behind"][number]) =>
    (!job.waits || job.chunk > 0) && job.computed + job.chunk >= tokens;

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
    const chosen: Job[] = [];
    const ends = loadEnds();
    let loaded = clock;
    for (const job of prefilling) job.chunk = 0;
    for (const job of prefilling) {
      const chunk = Math.min(budget, job.target - job.computed);
      if (chunk <= 0) break;
      if (!job.behind.every(there)) continue;
      const pairs = attentionPairs(MODEL, job.computed, job.computed + chunk);
      const end = ends.get(job) ?? clock;
      if (end > clock && overlap === "none") continue;
      const late = end > clock + TIMING.prefillSeconds(chunk, pairs, 0);
      if (late && (running.length > 0 || chosen.length > 0)) continue;
      loaded = Math.max(loaded, end);
      chosen.push(job);
      job.chunk = chunk;
      budget -= chunk;
      work.tokens += chunk;
      work.pairs += pairs;
      work.contextRead += job.computed;
      work.windowRead += Math.min(job.computed, WINDOW);
    }
    const decoded = running.length > 0;
    if (decoded) grow();
    if (running.length === 0 && chosen.length === 0) {
      // Once all were preempted, what was to wait beside them is chosen anew.
      if (decoded) continue;
      // Loads are awaited, or a request that arrives meanwhile.
      const free = prefilling.filter(({ behind }) => behind.length === 0);
      const next = Math.min(
        ...free.map((job) => ends.get(job)!),
        jobs[arrived]?.row.at ?? Infinity,
      );
      if (prefilling.length > 0) pass(next);
      continue;
    }
    const seconds = TIMING.iteration(work, load());
    const layer = 1 / MODEL.layers;
    pass(
      loaded > clock
        ? Math.max(clock + (loaded - clock) * layer + seconds, loaded + seconds * layer)
        : clock + seconds,
    );
    for (const job of running) {
      job.stored++;
      job.generated++;
    }
    const ended = running.filter((job) => job.generated >= job.row.output);
    running = running.filter((job) => job.generated < job.row.output);
    ended.forEach(complete);
    for (const job of prefilling) job.behind = job.behind.filter((one) => !there(one));
    for (const job of chosen) {
      job.computed += job.chunk;
      job.chunk = 0;
      job.waits = false;
    }
    const done = prefilling.filter((job) => job.computed >= job.target);
    prefilling = prefilling.filter((job) => job.computed < job.target);
    for (const job of done) {
      for (const [id, { job: by }] of bringing) if (by === job) bringing.delete(id);
      save(job.row.blocks!.slice(job.saved));
      if (Number.isNaN(job.first)) job.first = clock;
      job.generated++;
      job.stored = job.target;
      if (job.generated >= job.row.output) complete(job);
      else running.push(job);
    }
  }
  return { jobs, counts };
}
