import type { Eviction, EvictionState, RequestHint } from "../../model/eviction.ts";
import type { LinkNetwork } from "../shared/link_network.ts";
import type { IdSpace } from "./id_space.ts";
import { emptyTotals } from "./tier_totals.ts";
import type { TierRules, TierSpec, TierStack } from "./tier_types.ts";

/** Makes empty tiers. */
export function createTierStack(
  specs: readonly TierSpec[],
  rules: TierRules,
  eviction: Eviction,
  network: LinkNetwork,
  ids: IdSpace,
  seed: number,
  now: () => number,
): TierStack {
  const { traffic } = rules;
  const states: EvictionState[] = specs.map(({ name, capacityBlocks }) =>
    eviction.create({
      capacityBlocks,
      uniqueBlocks: ids.size,
      seed,
      medium: name === "dram" ? "memory" : "drive",
      blockBytes: rules.storedBytesPerBlock,
      requests: rules.requests,
    })
  );
  const totals = specs.map(({ name }) => emptyTotals(name));
  // Uses of a block so far, for admission on the second one.
  const seen = rules.admission === "second" ? new Uint8Array(ids.size) : null;
  let settledAt = 0;
  // Blocks displaced from a tier on their way down, and blocks that one call wrote to each tier.
  const displaced: number[][] = specs.map(() => []);
  const written = new Float64Array(specs.length);

  const settleTime = (at: number): void => {
    const seconds = at - settledAt;
    if (seconds <= 0) return;
    for (let t = 0; t < specs.length; t++) {
      totals[t].byteSeconds += seconds * states[t].size * rules.storedBytesPerBlock;
    }
    settledAt = at;
  };
  /** Puts a block into a tier; what falls out goes one tier down. False when the eviction refused it. */
  const insert = (block: number, tier: number): boolean => {
    const out = displaced[tier];
    const total = totals[tier];
    const first = out.length;
    states[tier].touch(block, out);
    let stays = true;
    for (let i = first; i < out.length; i++) {
      const victim = out[i];
      if (victim === block) {
        stays = false;
        total.refusedBlocks++;
        continue;
      }
      total.evictedBlocks++;
      // Down before the place is given up: the id must not be free in between.
      if (tier + 1 < specs.length && !states[tier + 1].has(victim)) {
        if (insert(victim, tier + 1)) written[tier + 1]++;
      }
      traffic?.add("drop", tier, victim, now());
      ids.drop(victim);
    }
    // Emptied now and then only: an array that is emptied each time is allocated each time.
    if (out.length > 1000) out.length = 0;
    if (stays) {
      traffic?.add("write", tier, block, now());
      ids.place(block);
      total.insertedBlocks++;
    }
    return stays;
  };
  /** A block on its way up is kept in memory, where it passes: without another copy over a link. */
  const keepOnTheWay = (block: number): void => {
    if (insert(block, 0)) totals[0].writtenBytes += rules.storedBytesPerBlock;
  };
  const begin = (hint: RequestHint): void => {
    settleTime(now());
    for (const state of states) state.beginRequest?.(hint);
  };
  const move = (
    route: number,
    tier: number,
    blocks: number,
    direction: "read" | "write",
    bytesPerBlock = rules.storedBytesPerBlock,
  ): number => {
    const bytes = blocks * bytesPerBlock;
    const descriptors = blocks * rules.descriptorsPerBlock;
    const total = totals[tier];
    if (direction === "read") {
      total.readBytes += bytes;
      total.readRequests += descriptors;
    } else {
      total.writtenBytes += bytes;
      total.writeRequests += descriptors;
    }
    return route < 0 ? -1 : network.start(route, bytes, descriptors, now());
  };
  /** Starts the transfers of what `insert` put into lower tiers, as one write a tier. */
  const flushDown = (from: number): void => {
    for (let t = from; t < specs.length; t++) {
      if (written[t] === 0) continue;
      const route = t === 0 ? specs[t].fromGpu : specs[t].fromAbove;
      const transfer = move(route, t, written[t], "write");
      if (transfer >= 0) network.release(transfer);
      written[t] = 0;
    }
  };
  const admits = (block: number): boolean =>
    rules.admission !== "never" && (seen === null || seen[block] >= 2);
  const saveOne = (block: number): void => {
    if (!admits(block)) return;
    if (states[0].has(block)) states[0].touch(block);
    else if (insert(block, 0)) written[0]++;
    if (rules.ssdWrite === "through" && specs.length > 1 && !states[1].has(block)) {
      if (insert(block, 1)) written[1]++;
    }
  };
  const locate = (block: number): number => {
    for (let t = 0; t < states.length; t++) if (states[t].has(block)) return t;
    return -1;
  };
  /** Visits a request's blocks tail first, so that the tail is evicted before the head. */
  const eachBlock = (
    blocks: ArrayLike<number>,
    from: number,
    to: number,
    visit: (block: number) => void,
  ): void => {
    if (eviction.headFirst) { for (let i = from; i < to; i++) visit(blocks[i]); }
    else for (let i = to - 1; i >= from; i--) visit(blocks[i]);
  };
  return {
    count: specs.length,
    locate,
    save(blocks, from, to, hint) {
      if (specs.length === 0 || from >= to) return;
      begin(hint);
      eachBlock(blocks, from, to, (block) => {
        // With admission on the second use, blocks that were found are offered too: not those of a drive.
        if (seen === null || locate(block) <= 0) saveOne(block);
      });
      flushDown(0);
    },
    load(blocks, from, to, hint, bytesPerBlock, whole, waits) {
      begin(hint);
      const counts = new Array<number>(specs.length).fill(0);
      const share = bytesPerBlock / rules.storedBytesPerBlock;
      // Where each is read is settled first: one that rises into memory may displace another.
      const sources: number[] = [];
      eachBlock(blocks, from, to, (block) => {
        const tier = locate(block);
        sources.push(tier);
        if (tier < 0) return;
        counts[tier]++;
        totals[tier].hitBlocks++;
        traffic?.add("read", tier, block, now(), { share });
      });
      let visited = 0;
      eachBlock(blocks, from, to, (block) => {
        const tier = sources[visited++];
        if (tier < 0 || !states[tier].has(block)) return;
        if (rules.exclusive && whole) {
          states[tier].remove(block);
          traffic?.add("drop", tier, block, now());
          totals[tier].movedBlocks++;
          ids.drop(block);
          return;
        }
        states[tier].touch(block);
        const rises = tier > 0 && whole && (states[tier].promotes?.(block) ?? true);
        if (rises && !states[0].has(block)) keepOnTheWay(block);
      });
      for (let t = 0; t < specs.length; t++) {
        if (counts[t] > 0) {
          waits.push(move(specs[t].toGpu, t, counts[t], "read", bytesPerBlock));
        }
      }
      flushDown(1);
    },
    warm(blocks, from, to, hint) {
      if (specs.length === 0 || rules.admission === "never") return;
      begin(hint);
      const before = totals.map((total) => total.insertedBlocks);
      eachBlock(blocks, from, to, (block) => {
        if (states[0].has(block)) states[0].touch(block);
        else insert(block, 0);
      });
      written.fill(0);
      totals.forEach((total, t) => total.warmBlocks += total.insertedBlocks - before[t]);
    },
    prefetch(blocks, from, to, hint) {
      if (specs.length < 2 || specs[1].toAbove < 0) return -1;
      begin(hint);
      let count = 0;
      eachBlock(blocks, from, to, (block) => {
        const tier = locate(block);
        // Queued requests' blocks count as used: eviction looks ahead over the queue.
        if (tier === 0) states[0].touch(block);
        if (tier !== 1) return;
        count++;
        traffic?.add("read", 1, block, now());
        states[1].touch(block);
        keepOnTheWay(block);
      });
      flushDown(1);
      return count === 0 ? -1 : move(specs[1].toAbove, 1, count, "read");
    },
    release: (transfer) => network.release(transfer),
    used(blocks, from, to, made = false) {
      if (seen === null) return;
      for (let i = from; i < to; i++) seen[blocks[i]] = made ? 1 : Math.min(2, seen[blocks[i]] + 1);
    },
    claim(blocks, from, to, change) {
      for (const state of states) {
        if (state.claim === undefined) return;
        for (let i = from; i < to; i++) state.claim(blocks[i], change);
      }
    },
    served(blocks, from, to, hint) {
      for (const state of states) {
        if (state.served === undefined) return;
        state.beginRequest?.(hint);
        for (let i = from; i < to; i++) state.served(blocks[i]);
      }
    },
    evictedFromGpu(blocks, hint) {
      if (specs.length === 0 || blocks.length === 0) return;
      if (rules.write === "through" && !rules.exclusive) return;
      begin(hint);
      for (const block of blocks) if (locate(block) < 0) saveOne(block);
      flushDown(0);
    },
    rename(from, to) {
      if (seen !== null) seen[to] = Math.max(seen[to], seen[from]);
      for (let t = 0; t < states.length; t++) {
        if (!states[t].has(from) || states[t].has(to)) continue;
        states[t].remove(from);
        states[t].touch(to);
        traffic?.add("rename", t, from, now(), { other: to });
        ids.place(to);
        ids.drop(from);
      }
    },
    sizeOf: (tier) => states[tier].size,
    estimateLoadSeconds(counts, bytesPerBlock) {
      let seconds = 0;
      counts.forEach((blocks, t) => {
        if (blocks === 0) return;
        const estimate = network.estimateSeconds(
          specs[t].toGpu,
          blocks * bytesPerBlock,
          blocks * rules.descriptorsPerBlock,
        );
        seconds = Math.max(seconds, estimate);
      });
      return seconds;
    },
    settleTime,
    totals,
  };
}
