/**
 * Speed of the cache replays over a generated trace, as ratios to a Map-based LRU in the same run.
 * `deno run -A bench/replay.ts [references] [distinct] [chat|zipf]`; defaults 20 M, 1 M and chat. `zipf`
 * draws every reference by itself, which no prefix cache sees but which is hardest on the processor cache.
 */
import process from "node:process";
import { createCacheReplay } from "../src/replay/cache/cache_replay.ts";
import { createLruCurve } from "../src/replay/cache/lru_curve.ts";
import { createSampledCurve } from "../src/replay/cache/sampled_curve.ts";
import type { RequestColumns } from "../src/model/trace/requests.ts";
import { eviction as belady } from "../src/replay/shared/evictions/belady.ts";
import { eviction as lru } from "../src/replay/shared/evictions/lru.ts";
import { createRandom } from "../src/stats/random.ts";

const references = Number(process.argv[2] ?? 20e6);
const distinct = Number(process.argv[3] ?? 1e6);
const shape = process.argv[4] ?? "chat";
const BLOCKS_A_REQUEST = 40;

/**
 * Chat-like: a request replays the blocks of a session in order and adds new ones; sessions are chosen
 * with a bias to recent ones. Every distinct block appears; the rest of the references are reuses.
 */
function chat(): RequestColumns {
  const random = createRandom(1);
  const ids = new Uint32Array(references);
  const offsets: number[] = [0];
  const sessionBlocks = Math.ceil(distinct / Math.ceil(distinct / (2 * BLOCKS_A_REQUEST)));
  const sessions = Math.ceil(distinct / sessionBlocks);
  let at = 0;
  for (let r = 0; at < references; r++) {
    const opened = Math.min(sessions, 1 + Math.floor((at / references) * sessions * 1.05));
    const age = Math.floor(opened * random.float() ** 4);
    const session = opened - 1 - Math.min(age, opened - 1);
    const base = session * sessionBlocks;
    const length = Math.min(
      references - at,
      1 + random.integer(Math.min(sessionBlocks, distinct - base)),
    );
    for (let k = 0; k < length; k++) ids[at++] = base + k;
    offsets.push(at);
  }
  return asColumns(ids, offsets);
}

/** Independent references with popularity 1/rank, ids scattered, 40 a request. */
function zipf(): RequestColumns {
  const random = createRandom(1);
  const ids = new Uint32Array(references);
  const offsets: number[] = [0];
  for (let at = 0; at < references; at++) {
    // The inverse of the cumulative 1/rank law; the multiplier scatters neighbours over memory.
    const rank = Math.floor(distinct ** random.float()) - 1;
    ids[at] = at < distinct ? at : (rank * 611953) % distinct;
    if (at % BLOCKS_A_REQUEST === BLOCKS_A_REQUEST - 1) offsets.push(at + 1);
  }
  if (offsets[offsets.length - 1] !== references) offsets.push(references);
  return asColumns(ids, offsets);
}

function asColumns(ids: Uint32Array, offsets: number[]): RequestColumns {
  const count = offsets.length - 1;
  return {
    kind: "requests",
    count,
    arrivalNs: new Float64Array(count),
    inputTokens: Uint32Array.from({ length: count }, (_, i) => (offsets[i + 1] - offsets[i]) * 16),
    outputTokens: new Uint32Array(count),
    session: new Int32Array(count),
    turn: new Int32Array(count),
    thinkNs: new Float64Array(count),
    blockOffsets: Uint32Array.from(offsets),
    blockIds: ids,
  };
}

interface Node {
  block: number;
  newer: Node;
  older: Node;
}

/** Stated baseline: the textbook LRU of a Map and a doubly linked list of objects. */
function mapLru(columns: RequestColumns, capacity: number, limit: number): number {
  const map = new Map<number, Node>();
  const ring = { block: -1 } as Node;
  ring.newer = ring.older = ring;
  let hits = 0;
  for (let i = 0; i < limit; i++) {
    const block = columns.blockIds![i];
    let node = map.get(block);
    if (node !== undefined) {
      hits++;
      node.newer.older = node.older;
      node.older.newer = node.newer;
    } else {
      if (map.size >= capacity) {
        const victim = ring.newer;
        ring.newer = victim.newer;
        victim.newer.older = ring;
        map.delete(victim.block);
      }
      node = { block, newer: ring, older: ring };
      map.set(block, node);
    }
    node.newer = ring;
    node.older = ring.older;
    ring.older.newer = node;
    ring.older = node;
  }
  return hits;
}

function timed<T>(run: () => T): { seconds: number; value: T } {
  const start = performance.now();
  const value = run();
  return { seconds: (performance.now() - start) / 1e3, value };
}

const columns = shape === "zipf" ? zipf() : chat();
const seen = new Uint8Array(distinct);
for (const id of columns.blockIds!) seen[id] = 1;
const unique = seen.reduce((a, b) => a + b, 0);
const capacity = Math.floor(distinct / 10);
console.log(
  `trace: ${
    references / 1e6
  } M references in ${columns.count} requests, ${unique} distinct blocks, ` +
    `capacity ${capacity}`,
);

const baselineRefs = Math.min(references, 5e6);
const baseline = timed(() => mapLru(columns, capacity, baselineRefs));
const baselineRate = baselineRefs / baseline.seconds;
console.log(`Map-based LRU (baseline)   ${(baselineRate / 1e6).toFixed(1)} M refs/s  1.0x`);

function report(name: string, seconds: number, note: string): void {
  const rate = references / seconds;
  console.log(
    `${name.padEnd(26)} ${(rate / 1e6).toFixed(1)} M refs/s  ` +
      `${(rate / baselineRate).toFixed(1)}x  ${note}`,
  );
}

const memoryBefore = process.memoryUsage();
const exact = timed(() => {
  const replay = createCacheReplay(
    { eviction: lru, capacityBlocks: capacity, touch: "head", seed: 1 },
    distinct,
    16,
  );
  replay.feed(columns);
  return replay.finish();
});
const memoryAfter = process.memoryUsage();
const stateBytes = memoryAfter.arrayBuffers + memoryAfter.heapUsed - memoryBefore.arrayBuffers -
  memoryBefore.heapUsed;
const traceBytes = columns.blockIds!.byteLength + columns.blockOffsets!.byteLength +
  columns.count * 40;
report(
  "lru, one capacity",
  exact.seconds,
  `${
    ((traceBytes + Math.max(0, stateBytes)) / references).toFixed(1)
  } B a reference, trace included; ` +
    "counts prefix, resident and stream hits",
);
const partial = createCacheReplay(
  { eviction: lru, capacityBlocks: capacity, touch: "head", seed: 1 },
  distinct,
  16,
);
let short = 0;
while (columns.blockOffsets![short + 1] <= baselineRefs) short++;
partial.feed({ ...columns, count: short });
const check = mapLru(columns, capacity, columns.blockOffsets![short]);
if (partial.finish().streamHitBlocks !== check) throw new Error("the baseline counts other hits");

const curve = timed(() => {
  const build = createLruCurve(distinct, "head");
  build.feed(columns);
  return build.finish();
});
report("lru --curve, all sizes", curve.seconds, "exact stack distances, three counts");
if (curve.value.at(capacity).streamHitBlocks !== exact.value.streamHitBlocks) {
  throw new Error("the curve and the replay count different hits");
}
for (const rate of [0.1, 0.01, 0.001]) {
  const sampled = timed(() => {
    const build = createSampledCurve(distinct, rate, 1);
    build.feed(columns);
    return build.finish();
  });
  let worst = 0;
  let sum = 0;
  const sizes = Array.from({ length: 50 }, (_, i) => Math.round(distinct ** ((i + 25) / 75)));
  for (const size of sizes) {
    const truth = curve.value.at(size).streamHitBlocks / references;
    const error = Math.abs(sampled.value.at(size).hitRatio - truth);
    worst = Math.max(worst, error);
    sum += error;
  }
  report(
    `SHARDS at rate ${rate}`,
    sampled.seconds,
    `mean error ${(100 * sum / sizes.length).toFixed(3)} points of hit ratio, worst ` +
      `${(100 * worst).toFixed(3)}`,
  );
}
const best = timed(() => {
  const replay = createCacheReplay(
    { eviction: belady, capacityBlocks: capacity, touch: "head", seed: 1 },
    distinct,
    16,
  );
  replay.feed(columns);
  return replay.finish();
});
report("belady, one capacity", best.seconds, "next uses included");
