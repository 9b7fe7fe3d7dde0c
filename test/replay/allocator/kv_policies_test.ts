import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PagePool } from "../../../src/replay/allocator/page_pool.ts";
import { PrefixKeys } from "../../../src/replay/allocator/prefix_keys.ts";
import { PrefixScheduler } from "../../../src/replay/allocator/prefix_scheduler.ts";
import { RadixTree } from "../../../src/replay/allocator/radix_tree.ts";
import { needsShared, sharedText } from "../../shared.ts";
import { type Line, replayFile, withFile } from "./ops_replay.ts";

const KV = "golden/allocator/kv_buddy_bfc.json";
const skip = needsShared(KV);

test("requests that can never run do no work: their tokens are in no account", async () => {
  const csv = "input_tokens,output_tokens\n10,5\n5000,7\n20,6\n";
  const policies = {
    contiguous: { contextLimit: 100 },
    paged: {},
    vattention: { groupTokens: 16 },
  };
  for (const [name, more] of Object.entries({ ...policies, radix: {}, "trtllm-paged": {} })) {
    await withFile("requests.csv", csv, async (path) => {
      const { outcome } = await replayFile(path, name, { slots: 1024, ...more });
      assert.equal(outcome.metrics.rejected_count.value, 1, name);
      assert.deepEqual(
        outcome.usage!.functionalUnits,
        { requests: 2, inputTokens: 30, outputTokens: 11 },
        name,
      );
    });
  }
});

test("VA1: vAttention maps, keeps and takes back pages", { skip }, () => {
  const { VA1 } = JSON.parse(sharedText(KV));
  const pool = new PagePool(VA1.T, VA1.total, 3);
  const steps: (() => void)[] = [
    () => pool.back(pool.admit(1500)),
    () => pool.back(pool.admit(100)),
    () => {
      pool.finish(0);
      pool.lengths[1]++;
    },
    () => {
      pool.back(pool.admit(900));
      pool.lengths[1]++;
    },
    () => {
      pool.back(pool.admit(4000));
      pool.lengths[1]++;
    },
  ];
  VA1.states.forEach((state: Record<string, unknown>, i: number) => {
    steps[i]();
    assert.deepEqual(
      {
        mapped: pool.mapped,
        len: pool.lengths,
        free: pool.free,
        maps: pool.maps,
        unmaps: pool.unmaps,
      },
      {
        mapped: state.mapped,
        len: state.len,
        free: state.free,
        maps: state.maps,
        unmaps: state.unmaps,
      },
      String(state.m),
    );
  });
});

for (const name of ["K2", "K2w"]) {
  test(`${name} from a CSV of lengths: every step has the blocks, the tables and the queue`, {
    skip,
  }, async () => {
    const { config, adds, steps, totals } = JSON.parse(sharedText(KV))[name];
    const names = ["A", "B", "C"];
    const csv = ["input_tokens,output_tokens", ...adds.map((a: unknown[]) => `${a[2]},${a[3]}`)];
    const id = (text: string) => text.replace(/^[A-C]/, (n) => String(names.indexOf(n)));
    await withFile("requests.csv", csv.join("\n"), async (path) => {
      const { lines, outcome } = await replayFile(path, "paged", {
        slots: (config.numBlocks - 1) * config.B,
        blockTokens: config.B,
        watermark: config.watermark,
      });
      assert.equal(lines.length, steps.length);
      lines.forEach((line, i) => {
        const { scheduled, preempted, finished, used, free, tables, queue } = steps[i];
        assert.deepEqual(
          [line.scheduled, line.preempted, line.finished, line.used, line.free, line.queue],
          [
            scheduled.map(id),
            preempted.map((n: string) => names.indexOf(n)),
            finished.map((n: string) => names.indexOf(n)),
            used,
            free,
            queue,
          ],
          `step ${i + 1}`,
        );
        assert.deepEqual(
          line.tables,
          Object.fromEntries(Object.entries(tables).map(([n, t]) => [id(n), t])),
        );
      });
      assert.equal(outcome.metrics.kv_steps_count.value, totals.steps);
      assert.equal(outcome.metrics.preemption_count.value, totals.preemptions);
      assert.equal(outcome.metrics.recomputed_tokens.value, totals.recomputed_tokens);
    });
  });
}

const key = (text: string) => [...text].map((c) => ({ id: c.charCodeAt(0), tokens: 1 }));

test("a radix tree shares prefixes, splits where they part and evicts unlocked leaves", () => {
  const tree = new RadixTree("lru", true);
  assert.equal(tree.insert(key("abcd")).present, 0);
  assert.equal(tree.insert(key("abxy")).present, 2);
  assert.equal(tree.tokens, 6);
  const held = tree.match(key("abxyz"));
  assert.equal(held.tokens, 4);
  tree.lock(held.node);
  assert.equal(tree.evictable, 2);
  // The whole leaf goes, although one token was asked for; what is locked stays.
  assert.equal(tree.evict(1), 2);
  assert.equal(tree.evict(100), 0);
  tree.unlock(held.node);
  assert.equal(tree.evict(100), 4);
  assert.equal(tree.tokens, 0);
});

test("blocks are evicted from the end of a leaf, one by one", () => {
  const tree = new RadixTree("lru", false);
  tree.insert(key("abcd"));
  assert.equal(tree.evict(1), 1);
  assert.equal(tree.match(key("abcd")).tokens, 3);
});

test("what is behind the place where a prompt parts counts as used, too", () => {
  const tree = new RadixTree("lru", true);
  tree.insert(key("abcd"));
  tree.insert(key("x"));
  tree.match(key("ab"));
  assert.equal(tree.evict(1), 1);
  assert.equal(tree.match(key("abcd")).tokens, 4);
  assert.equal(tree.match(key("x")).tokens, 0);
});

test("lfu counts the sequences put in, not the look-ups", () => {
  const tree = new RadixTree("lfu", true);
  tree.insert(key("a"));
  tree.insert(key("a"));
  tree.insert(key("b"));
  for (let i = 0; i < 5; i++) tree.match(key("b"));
  tree.evict(1);
  assert.equal(tree.match(key("a")).tokens, 1);
});

test("prompts are compared in runs that end both a block of the trace and a page", () => {
  const blocks = (...ids: number[]) => Uint32Array.from(ids);
  const lengths = (keys: PrefixKeys, prompt: number, ids: Uint32Array | null) =>
    keys.of(prompt, ids).map((e) => e.tokens);
  // Pages inside blocks: an element is a block; the end of the prompt fills its last page.
  const fine = new PrefixKeys(32, 64);
  assert.deepEqual(lengths(fine, 150, blocks(1, 2, 3)), [64, 64, 32]);
  assert.deepEqual(lengths(fine, 150, blocks(1, 2)), [64, 64, 32]);
  assert.deepEqual(lengths(fine, 100, blocks(1, 2, 3)), [64, 64], "no more than the prompt");
  // Blocks inside pages: two make an element, and what is left over is the request's own.
  const coarse = new PrefixKeys(32, 16);
  assert.equal(coarse.unitTokens, 32);
  assert.deepEqual(lengths(coarse, 80, blocks(1, 2, 3, 4, 5)), [32, 32, 32]);
  const [a, b] = [coarse.of(64, blocks(1, 2, 3, 4)), coarse.of(64, blocks(1, 2, 3, 5))];
  assert.equal(a[0].id, b[0].id);
  assert.notEqual(a[1].id, b[1].id);
  assert.notEqual(coarse.of(48, blocks(1, 2, 3))[1].id, coarse.of(48, blocks(1, 2, 3))[1].id);
  assert.equal(new PrefixKeys(24, 16).unitTokens, 48);
  assert.deepEqual(lengths(new PrefixKeys(16, null), 40, null), [48]);
});

test("small blocks of a trace take no more pages than their tokens need, and the last token is computed", () => {
  const scheduler = new PrefixScheduler({
    slots: 256,
    pageTokens: 32,
    traceBlockTokens: 16,
    eviction: "lru",
    wholeLeaves: false,
    guaranteed: true,
    maxRunning: 8,
  });
  assert.ok(scheduler.fits(96, 1));
  for (const request of [0, 1]) {
    scheduler.add(request, 96, 1, Uint32Array.from([1, 2, 3, 4, 5, 6]));
    scheduler.step();
    assert.equal(scheduler.tree.tokens, 96);
  }
  assert.equal(scheduler.hitTokens, 64);
});

test("of two leaves the one used longer ago goes first, or the other with mru", () => {
  for (const [eviction, left] of [["lru", "b"], ["mru", "a"]] as const) {
    const tree = new RadixTree(eviction, true);
    tree.insert(key("a"));
    tree.insert(key("b"));
    tree.evict(1);
    assert.equal(tree.match(key(left)).tokens, 1, eviction);
  }
});

const DRIVEN: readonly (readonly [name: string, params: Record<string, unknown>])[] = [
  ["contiguous", {}],
  ["paged", {}],
  ["paged", { lookaheadTokens: 5, maxModelTokens: 250, wholeSequence: true, tokenBudget: 64 }],
  ["radix", {}],
  ["trtllm-paged", {}],
  ["vattention", { groupTokens: 16 }],
  ["vattention", { groupTokens: 16, mapAhead: true }],
];
for (const [name, params] of DRIVEN) {
  test(`${name} ${JSON.stringify(params)} ends every request, and its shares fill the pool`, async () => {
    const request = fc.record({
      prompt: fc.integer({ min: 1, max: 300 }),
      output: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 40 }), async (requests) => {
        const rows = requests.map((r) => `${r.prompt},${r.output}`);
        await withFile(
          "r.csv",
          ["input_tokens,output_tokens", ...rows].join("\n"),
          async (path) => {
            const seen = (_: Line) => {};
            const { outcome } = await replayFile(path, name, { slots: 1024, ...params }, seen);
            const value = (id: string) => Number(outcome.metrics[id].value);
            assert.equal(
              outcome.usage!.functionalUnits.requests + value("rejected_count"),
              requests.length,
            );
            if (value("peak_batch_count") === 0) return;
            const shares = ["token", "reserved", "internal", "external"].map((s) =>
              value(`kv_${s}_ratio`)
            );
            for (const share of shares) assert.ok(share >= -1e-9 && share <= 1 + 1e-9, `${shares}`);
            assert.ok(Math.abs(shares.reduce((a, b) => a + b, 0) - 1) < 1e-9);
          },
        );
      }),
      { numRuns: 25 },
    );
  });
}
