/**
 * Speed of the allocator replays over generated traces, as ratios to plain baselines of the same run.
 * `deno run -A bench/allocator.ts [operations] [block operations]`; defaults 10 M and 10 M. The baselines
 * are what one writes first: free blocks in a sorted array with splices, and a block cache of a Map and a Set.
 */
import process from "node:process";
import type { AllocationColumns } from "../src/model/trace/allocations.ts";
import { parseAllocConf } from "../src/replay/allocator/alloc_conf.ts";
import { CachingAllocator } from "../src/replay/allocator/caching.ts";
import { createDevice } from "../src/replay/allocator/device.ts";
import { replayHeap } from "../src/replay/allocator/heap_replay.ts";
import { OpList } from "../src/replay/allocator/op_list.ts";
import { BlockManager, type PagedRequest } from "../src/replay/shared/block_manager.ts";
import { createRandom } from "../src/stats/random.ts";

const operations = Number(process.argv[2] ?? 10e6);
const blockOperations = Number(process.argv[3] ?? 10e6);
const LIVE = 4000;

/** Training-like: some hundred sizes that come again and again, most blocks short-lived. */
function trace(count: number): OpList {
  const random = createRandom(1);
  const sizes = Array.from({ length: 300 }, () => Math.ceil(2 ** (9 + 15 * random.float())));
  const op = new Uint8Array(count);
  const id = new Int32Array(count);
  const size = new Float64Array(count);
  const live: number[] = [];
  let next = 0;
  for (let i = 0; i < count; i++) {
    const full = live.length >= LIVE || (live.length > 0 && random.float() < 0.49);
    if (full) {
      // Mostly the youngest go first, as in a backward pass.
      const at = live.length - 1 - Math.floor(live.length * random.float() ** 3);
      op[i] = 1;
      id[i] = live[at];
      live[at] = live[live.length - 1];
      live.pop();
    } else {
      id[i] = next;
      size[i] = sizes[Math.floor(sizes.length * random.float())];
      live.push(next++);
    }
  }
  const columns: AllocationColumns = {
    kind: "allocations",
    count,
    op,
    id,
    size,
    stream: new Int32Array(count),
    device: new Int32Array(count),
    address: new Float64Array(count).fill(NaN),
    timeNs: new Float64Array(count).fill(NaN),
  };
  const ops = new OpList();
  ops.feed(columns, null);
  return ops;
}

interface Chunk {
  at: number;
  size: number;
  free: boolean;
  previous: Chunk | null;
  next: Chunk | null;
}

/** Best fit with splitting and merging in 20 MiB segments; the free chunks lie in one sorted array. */
class SortedArrayHeap {
  readonly #free: Chunk[] = [];
  #top = 0;

  #place(size: number, at: number): number {
    let [low, high] = [0, this.#free.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const c = this.#free[middle];
      if (c.size < size || (c.size === size && c.at < at)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  malloc(bytes: number): Chunk {
    const size = Math.ceil(bytes / 512) * 512;
    const found = this.#place(size, 0);
    let chunk: Chunk;
    if (found < this.#free.length) chunk = this.#free.splice(found, 1)[0];
    else {
      const segment = Math.max(20 * 2 ** 20, size);
      chunk = { at: this.#top, size: segment, free: false, previous: null, next: null };
      this.#top += segment;
    }
    if (chunk.size - size >= 512) {
      const rest: Chunk = {
        at: chunk.at + size,
        size: chunk.size - size,
        free: true,
        previous: chunk,
        next: chunk.next,
      };
      if (rest.next !== null) rest.next.previous = rest;
      chunk.next = rest;
      chunk.size = size;
      this.#free.splice(this.#place(rest.size, rest.at), 0, rest);
    }
    chunk.free = false;
    return chunk;
  }

  free(chunk: Chunk): void {
    for (const side of [chunk.previous, chunk.next]) {
      if (side === null || !side.free) continue;
      this.#free.splice(this.#place(side.size, side.at), 1);
      chunk.size += side.size;
      if (side === chunk.previous) {
        chunk.at = side.at;
        chunk.previous = side.previous;
        if (chunk.previous !== null) chunk.previous.next = chunk;
      } else {
        chunk.next = side.next;
        if (chunk.next !== null) chunk.next.previous = chunk;
      }
    }
    chunk.free = true;
    this.#free.splice(this.#place(chunk.size, chunk.at), 0, chunk);
  }
}

/** Rate a second of processor time: other work on the machine then counts less. */
function perSecond(count: number, work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return count / ((user + system) / 1e6);
}

const millions = (rate: number) => `${(rate / 1e6).toFixed(2)} M/s`;

function benchHeaps(): void {
  const ops = trace(operations);
  const sorted = perSecond(operations, () => {
    const heap = new SortedArrayHeap();
    const chunks: (Chunk | null)[] = [];
    const [{ op, id, size }] = ops.batches;
    for (let i = 0; i < operations; i++) {
      if (op[i] === 0) chunks[id[i]] = heap.malloc(size[i]);
      else {
        heap.free(chunks[id[i]]!);
        chunks[id[i]] = null;
      }
    }
  });
  console.log(`baseline, sorted array with splices   ${millions(sorted)}   1.00`);
  for (
    const conf of [
      "",
      "max_split_size_mb:64",
      "roundup_power2_divisions:8",
      "expandable_segments:True",
    ]
  ) {
    const rate = perSecond(operations, () => {
      replayHeap(ops, new CachingAllocator(createDevice(2 ** 40), parseAllocConf(conf)));
    });
    const name = `pytorch ${conf === "" ? "default" : conf}`;
    console.log(`${name.padEnd(37)} ${millions(rate)}   ${(rate / sorted).toFixed(2)}`);
  }
}

interface Request extends PagedRequest {
  readonly hashes: number[];
  readonly table: number[];
  cached: number;
}

/** Sessions whose prompts grow: most of a prompt's blocks are there already. */
function requestHashes(count: number): number[][] {
  const random = createRandom(2);
  const sessions = 2000;
  const lengths = new Int32Array(sessions).fill(4);
  const requests: number[][] = [];
  for (let blocks = 0; blocks < count;) {
    const s = Math.floor(sessions * random.float() ** 2);
    lengths[s] = Math.min(120, lengths[s] + 1 + random.integer(8));
    requests.push(Array.from({ length: lengths[s] }, (_, i) => s * 128 + i));
    // Each block is looked up, taken and given back.
    blocks += 3 * lengths[s];
  }
  return requests;
}

const POOL = 60_000;
const RUNNING = 64;

function benchPaged(): void {
  const requests = requestHashes(blockOperations);
  const count = requests.reduce((n, r) => n + 3 * r.length, 0);
  const plain = perSecond(count, () => {
    const free = new Set(Array.from({ length: POOL }, (_, i) => i));
    const held = new Map<number, number>();
    const hashOf = new Map<number, number>();
    const uses = new Map<number, number>();
    const running: number[][] = [];
    for (const hashes of requests) {
      if (running.length === RUNNING) {
        for (const block of running.shift()!.reverse()) {
          const left = uses.get(block)! - 1;
          uses.set(block, left);
          if (left === 0) free.add(block);
        }
      }
      const table: number[] = [];
      let hit = true;
      for (const hash of hashes) {
        const found: number | undefined = hit ? held.get(hash) : undefined;
        hit = found !== undefined;
        let block = found;
        if (block === undefined) {
          block = free.values().next().value!;
          const old = hashOf.get(block);
          if (old !== undefined && held.get(old) === block) held.delete(old);
          hashOf.set(block, hash);
          held.set(hash, block);
        }
        free.delete(block);
        uses.set(block, (uses.get(block) ?? 0) + 1);
        table.push(block);
      }
      running.push(table);
    }
  });
  console.log(`baseline, Map and Set                 ${millions(plain)}   1.00`);
  const rate = perSecond(count, () => {
    const manager = new BlockManager({
      blocks: POOL + 1,
      blockTokens: 16,
      caching: true,
      freeOrder: "split",
    });
    const running: Request[] = [];
    for (const hashes of requests) {
      if (running.length === RUNNING) manager.release(running.shift()!);
      const request: Request = { hashes, table: [], cached: 0 };
      const hits = manager.hits(hashes, hashes.length - 1);
      if (!manager.allocate(request, hashes.length * 16, hits)) throw new Error("the pool is full");
      manager.cacheFull(request, hashes.length * 16);
      running.push(request);
    }
  });
  console.log(
    `paged with prefix cache               ${millions(rate)}   ${(rate / plain).toFixed(2)}`,
  );
}

console.log(`${operations / 1e6} M allocations and frees, ${LIVE} live at most`);
benchHeaps();
console.log(`\n${blockOperations / 1e6} M block operations (look-up, take, give back)`);
benchPaged();
