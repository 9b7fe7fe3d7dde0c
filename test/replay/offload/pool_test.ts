import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createGpuPool } from "../../../src/replay/offload/gpu_pool.ts";
import { BlockManager, type PagedRequest } from "../../../src/replay/shared/block_manager.ts";
import { eviction as mooncake } from "../../../src/replay/shared/evictions/mooncake_store.ts";

/** The manager as one would write it first: a list of free blocks and a list of holders per hash. */
class PlainManager {
  readonly free: number[];
  readonly references = new Map<number, number>();
  readonly hashOf = new Map<number, number>();
  readonly holders = new Map<number, number[]>();
  evictions = 0;

  constructor(blocks: number, readonly split: boolean) {
    this.free = Array.from({ length: blocks - 1 }, (_, i) => i + 1);
  }
  hits(hashes: readonly number[], limit: number): number[] {
    const out: number[] = [];
    for (const hash of hashes.slice(0, limit)) {
      const holders = this.holders.get(hash) ?? [];
      if (holders.length === 0) break;
      out.push(holders[0]);
    }
    return out;
  }
  allocate(table: number[], blocks: number, hits: readonly number[]): boolean {
    const idle = hits.filter((block) => this.free.includes(block)).length;
    if (blocks - hits.length - table.length + idle > this.free.length) return false;
    for (const block of hits) {
      if (this.free.includes(block)) this.free.splice(this.free.indexOf(block), 1);
      this.references.set(block, (this.references.get(block) ?? 0) + 1);
      table.push(block);
    }
    while (table.length < blocks) {
      const block = this.free.shift()!;
      const hash = this.hashOf.get(block);
      if (hash !== undefined) {
        this.evictions++;
        this.hashOf.delete(block);
        this.holders.set(hash, this.holders.get(hash)!.filter((b) => b !== block));
      }
      this.references.set(block, 1);
      table.push(block);
    }
    return true;
  }
  register(block: number, hash: number): void {
    this.hashOf.set(block, hash);
    this.holders.set(hash, [...this.holders.get(hash) ?? [], block]);
  }
  release(table: readonly number[]): void {
    const unhashed: number[] = [];
    for (const block of table.toReversed()) {
      const left = this.references.get(block)! - 1;
      this.references.set(block, left);
      if (left > 0) continue;
      if (this.split && !this.hashOf.has(block)) unhashed.push(block);
      else this.free.push(block);
    }
    this.free.unshift(...unhashed);
  }
}

const steps = fc.array(
  fc.record({
    prompt: fc.nat(5),
    length: fc.integer({ min: 1, max: 6 }),
    privates: fc.nat(2),
    release: fc.boolean(),
  }),
  { maxLength: 60 },
);

test("the block manager gives, finds, frees and evicts the blocks that a plain one does", () => {
  const order = fc.constantFrom("split" as const, "append" as const);
  fc.assert(
    fc.property(steps, fc.integer({ min: 8, max: 24 }), order, (list, blocks, freeOrder) => {
      const manager = new BlockManager({ blocks, blockTokens: 1, caching: true, freeOrder });
      const plain = new PlainManager(blocks, freeOrder === "split");
      const running: { request: PagedRequest; table: number[] }[] = [];
      for (const { prompt, length, privates, release } of list) {
        const hashes = Array.from({ length }, (_, i) => prompt * 6 + i);
        // The last block is computed again, as vLLM does: so several blocks come to hold one hash.
        const hits = manager.hits(hashes, length - 1);
        assert.deepEqual(hits, plain.hits(hashes, length - 1));
        const request: PagedRequest = { table: [], hashes, cached: 0 };
        const table: number[] = [];
        const given = manager.allocate(request, length + privates, hits);
        assert.equal(given, plain.allocate(table, length + privates, hits));
        assert.deepEqual(request.table, table);
        if (given) {
          for (let i = hits.length; i < length; i++) plain.register(table[i], hashes[i]);
          manager.cacheFull(request, length);
          running.push({ request, table });
        }
        if ((release || !given) && running.length > 0) {
          const oldest = running.shift()!;
          manager.release(oldest.request);
          plain.release(oldest.table);
        }
        assert.deepEqual(manager.queue().map((row) => row.block), plain.free);
        assert.deepEqual(
          manager.queue().map((row) => row.hashed),
          plain.free.map((block) => plain.hashOf.has(block)),
        );
        assert.equal(manager.freeBlocks, plain.free.length);
        assert.equal(manager.evictions, plain.evictions);
      }
    }),
  );
});

/** What the engine asks of its blocks, counted: ids with references, idle ones in order, private ones. */
class PlainPool {
  readonly held = new Map<number, number>();
  idle: number[] = [];
  privates = 0;

  constructor(readonly capacity: number) {}
  isResident(id: number): boolean {
    return this.held.has(id) || this.idle.includes(id);
  }
  available(): number {
    return this.capacity - this.held.size - this.privates;
  }
  room(evicted: number[]): void {
    while (this.held.size + this.idle.length + this.privates > this.capacity) {
      evicted.push(this.idle.shift()!);
    }
  }
  pin(id: number, evicted: number[]): void {
    this.idle = this.idle.filter((other) => other !== id);
    this.held.set(id, (this.held.get(id) ?? 0) + 1);
    this.room(evicted);
  }
  unpin(id: number): void {
    const left = this.held.get(id)! - 1;
    if (left > 0) this.held.set(id, left);
    else {
      this.held.delete(id);
      this.idle.push(id);
    }
  }
}

test("the engine's pool counts, keeps and evicts as a list of ids in order of use does", () => {
  fc.assert(fc.property(steps, fc.integer({ min: 8, max: 24 }), (list, capacity) => {
    const pool = createGpuPool(capacity);
    const plain = new PlainPool(capacity);
    const running: { ids: number[]; privates: number }[] = [];
    let decoded = 1000;
    for (const { prompt, length, privates, release } of list) {
      const ids = Array.from({ length }, (_, i) => prompt * 6 + i);
      const resident = ids.filter((id) => plain.isResident(id));
      assert.deepEqual(ids.filter((id) => pool.isResident(id)), resident);
      assert.deepEqual(
        ids.filter((id) => pool.isIdle(id)),
        ids.filter((id) => plain.idle.includes(id)),
      );
      const taken = ids.filter((id) => !plain.held.has(id)).length;
      const fits = taken + privates <= plain.available();
      const evicted: number[] = [];
      const expected: number[] = [];
      if (fits) {
        for (const id of [...resident, ...ids.filter((id) => !resident.includes(id))]) {
          pool.pin(id, evicted);
          plain.pin(id, expected);
        }
        pool.takePrivate(privates, evicted);
        plain.privates += privates;
        plain.room(expected);
        running.push({ ids, privates });
      }
      assert.deepEqual(evicted, expected);
      if ((release || !fits) && running.length > 0) {
        const oldest = running.shift()!;
        for (const id of oldest.ids.toReversed()) {
          pool.unpin(id);
          plain.unpin(id);
        }
        if (oldest.privates > 0) {
          // One block that decoding filled stays, and its session's next turn knows it by another id.
          pool.keepPrivate(decoded);
          pool.rename(decoded, decoded + 1);
          plain.idle.push(decoded + 1);
          decoded += 2;
          pool.freePrivate(oldest.privates - 1);
          plain.privates -= oldest.privates;
        }
      }
      assert.equal(pool.available(), plain.available());
      assert.equal(pool.pinned, plain.held.size + plain.privates);
      assert.equal(
        pool.stored - pool.removed,
        plain.held.size + plain.idle.length +
          // Renaming puts the block in a second time.
          (decoded - 1000) / 2,
      );
    }
  }));
});

test("mooncake-store on drives: whole buckets leave in order, two reads bring a block up", () => {
  const state = mooncake.create({
    capacityBlocks: 20,
    uniqueBlocks: 100,
    medium: "drive",
    blockBytes: 64e6,
  });
  const evicted: number[] = [];
  for (let block = 0; block < 18; block++) state.touch(block, evicted);
  assert.deepEqual(evicted, []);
  state.touch(0);
  assert.equal(state.promotes!(0), false);
  state.touch(0);
  assert.equal(state.promotes!(0), true);
  // 18 = 0.9 * 20: the next write drops to 16, in buckets of 4 blocks (256 MB).
  state.touch(18, evicted);
  assert.deepEqual(evicted, [0, 1, 2, 3]);
  assert.equal(state.size, 15);
});
