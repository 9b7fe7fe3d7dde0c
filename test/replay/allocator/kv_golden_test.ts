import assert from "node:assert/strict";
import { test } from "node:test";
import { Buddy } from "../../../src/replay/allocator/buddy.ts";
import { divideSlack } from "../../../src/replay/allocator/kv_loop.ts";
import { PagedScheduler } from "../../../src/replay/allocator/paged_scheduler.ts";
import { reservedSlots } from "../../../src/replay/allocator/reservation.ts";
import { BlockManager } from "../../../src/replay/shared/block_manager.ts";
import { needsShared, sharedText } from "../../shared.ts";
import { replayFile, withFile } from "./ops_replay.ts";

const FILE = "golden/allocator/kv_buddy_bfc.json";
const skip = needsShared(FILE);
// deno-lint-ignore no-explicit-any
const golden: any = skip ? null : JSON.parse(sharedText(FILE));

for (const kind of ["max", "pow2", "oracle"] as const) {
  test(`K1: contiguous reservation of ${kind} over buddy places and wastes as the paper says`, {
    skip,
  }, () => {
    const { pool_slots, L, requests } = golden.K1;
    const expected = golden.K1.contiguous[kind];
    const buddy = new Buddy(pool_slots);
    let [token, reserved, internal] = [0, 0, 0];
    const placements = requests.map((r: { prompt: number; output: number; generated: number }) => {
      const reserve = reservedSlots(kind, r.prompt, r.output, L);
      const addr = buddy.allocate(reserve);
      if (addr < 0) return null;
      token += r.prompt + r.generated;
      reserved += r.output - r.generated;
      internal += reserve - r.prompt - r.output;
      return { addr, chunk: buddy.chunkFor(reserve), reserve };
    });
    assert.deepEqual(placements, expected.placements);
    assert.deepEqual(
      { token, reserved, internal, external_other: pool_slots - token - reserved - internal },
      {
        token: expected.token,
        reserved: expected.reserved,
        internal: expected.internal,
        external_other: expected.external_other,
      },
    );
    assert.equal(buddy.freeUnits, expected.free_units);
    assert.equal(buddy.largestFree, expected.largest_free);
  });
}

test("K1: in blocks only the last one of a request is not full of tokens", { skip }, () => {
  const { pool_slots, block, requests, paged } = golden.K1;
  const manager = new BlockManager({
    blocks: pool_slots / block + 1,
    blockTokens: block,
    caching: false,
    freeOrder: "append",
  });
  let [token, reserved, internal] = [0, 0, 0];
  const blocks = requests.map((r: { prompt: number; output: number; generated: number }) => {
    const written = r.prompt + r.generated;
    const request = { table: [] as number[], hashes: [], cached: 0 };
    assert.ok(manager.allocate(request, written));
    const slack = divideSlack(request.table.length * block - written, r.output - r.generated);
    token += written;
    reserved += slack.reserved;
    internal += slack.internal;
    return request.table.length;
  });
  assert.deepEqual({ blocks, token, reserved, internal, slots: manager.usedBlocks * block }, paged);
});

/** KV slots held and filled after the first step, in which five prompts are written. */
const K1B = [
  { policy: "paged", params: { blockTokens: 16 }, output: 2, held: 2224 },
  { policy: "contiguous", params: { contextLimit: 2048 }, output: 1, held: 10_240 },
];
for (const { policy, params, output, held } of K1B) {
  test(`K1b: ${policy} holds ${held} KV slots for 2181 tokens`, async () => {
    const lengths = [1, 16, 17, 100, 2047];
    const csv = ["input_tokens,output_tokens", ...lengths.map((n) => `${n},${output}`)];
    await withFile("lengths.csv", csv.join("\n"), async (path) => {
      const { outcome, lines } = await replayFile(path, policy, { slots: 16_384, ...params });
      const first = (id: string) => outcome.series!.find((s) => s.id === id)!.y[0];
      assert.deepEqual([first("kv_held_slots"), first("kv_token_slots")], [held, 2181]);
      if (policy !== "paged") return;
      const tables = Object.values(lines[0].tables as Record<string, number[]>);
      assert.deepEqual(tables.map((t) => t.length), [1, 1, 2, 7, 128]);
    });
  });
}

test("B1: buddy splits and merges step by step", { skip }, () => {
  const { size, min, states } = golden.B1;
  const buddy = new Buddy(size, min);
  const at = new Map<string, number>();
  for (const state of states) {
    const allocation = /^(\w)=(\d+)$/.exec(state.m);
    if (allocation !== null) {
      const address = buddy.allocate(Number(allocation[2]));
      at.set(allocation[1], address);
      assert.equal(address < 0 ? null : address, state.addr, state.m);
    } else {
      buddy.free(at.get(state.m.split(" ")[1])!);
    }
    assert.equal(buddy.usedUnits, state.used, state.m);
    assert.equal(buddy.largestFree, state.largest, state.m);
    assert.equal(buddy.splits, state.splits, state.m);
    assert.equal(buddy.merges, state.merges, state.m);
  }
});

/** Chained hashes of the full blocks of a token list, as dense numbers. */
function hashesOf(tokens: readonly string[], block: number, known: Map<string, number>): number[] {
  const hashes: number[] = [];
  for (let full = 1; full * block <= tokens.length; full++) {
    const key = tokens.slice(0, full * block).join();
    if (!known.has(key)) known.set(key, known.size);
    hashes.push(known.get(key)!);
  }
  return hashes;
}

for (const name of ["K2", "K2w", "K3", "K3old"]) {
  test(`${name}: the paged scheduler schedules, preempts and queues step by step`, { skip }, () => {
    const { config, adds, steps } = golden[name];
    const scheduler = new PagedScheduler({
      blocks: config.numBlocks,
      blockTokens: config.B,
      caching: config.caching ?? false,
      freeOrder: config.splitFree === false || !config.caching ? "append" : "split",
      watermark: config.watermark ?? 0,
      tokenBudget: Infinity,
      maxRunning: Infinity,
      lookaheadTokens: 0,
      maxModelTokens: Infinity,
      wholeSequence: false,
    });
    const names = ["A", "B", "C", "D"];
    const known = new Map<string, number>();
    for (const step of steps) {
      for (const [when, id, prompt, total, tokens] of adds) {
        if (when !== step.step - 1 && !(when === 0 && step.step === 1)) continue;
        // A request without a list has tokens of its own.
        const own = Array.from({ length: prompt + total }, (_, i) => `${id}${i}`);
        const hashes = config.caching ? hashesOf(tokens ?? own, config.B, known) : [];
        scheduler.add(names.indexOf(id), prompt, total, hashes);
      }
      const result = scheduler.step();
      const where = `step ${step.step}`;
      assert.deepEqual(
        result.scheduled.map(([id, n]) => `${names[id]}:${n}`),
        step.scheduled,
        where,
      );
      assert.deepEqual(result.preempted.map((id) => names[id]), step.preempted, where);
      assert.deepEqual(result.finished.map((r) => names[r.id]), step.finished, where);
      assert.equal(scheduler.manager.usedBlocks, step.used, where);
      assert.equal(scheduler.manager.freeBlocks, step.free, where);
      const tables = Object.fromEntries(scheduler.running.map((r) => [names[r.id], r.table]));
      assert.deepEqual(tables, step.tables, where);
      const queue = scheduler.manager.queue().map((q) => `${q.block}${q.hashed ? "h" : ""}`);
      assert.deepEqual(queue, step.queue, where);
    }
    const { totals } = golden[name];
    assert.equal(scheduler.preemptionCount, totals.preemptions);
    assert.equal(scheduler.recomputedTokens, totals.recomputed_tokens);
    assert.equal(scheduler.hitTokens, totals.prefix_hit_tokens);
    assert.equal(scheduler.queriedTokens, totals.prefix_query_tokens || scheduler.queriedTokens);
    assert.equal(scheduler.manager.evictions, totals.evictions);
  });
}
