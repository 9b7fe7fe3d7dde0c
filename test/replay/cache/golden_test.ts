import assert from "node:assert/strict";
import { test } from "node:test";
import { createCacheReplay, type TouchOrder } from "../../../src/replay/cache/cache_replay.ts";
import { createLruCurve } from "../../../src/replay/cache/lru_curve.ts";
import type { Eviction } from "../../../src/replay/shared/eviction.ts";
import { eviction as belady } from "../../../src/replay/shared/evictions/belady.ts";
import { eviction as fifo } from "../../../src/replay/shared/evictions/fifo.ts";
import { eviction as infinite } from "../../../src/replay/shared/evictions/infinite.ts";
import { eviction as lfu } from "../../../src/replay/shared/evictions/lfu.ts";
import { eviction as lru } from "../../../src/replay/shared/evictions/lru.ts";
import { needsShared, sharedText } from "../../shared.ts";
import { mooncakeColumns } from "./request_columns.ts";

const GOLDEN = "golden/offload/lru_mooncake_synthetic.csv";
const TRACE = "traces/mooncake/synthetic_trace.jsonl";
const skip = needsShared(GOLDEN, TRACE);

/** Cells of a CSV line; cells may be quoted. */
function cells(line: string): string[] {
  return [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => m[2] ?? m[1]);
}

function policyOf(name: string): { eviction: Eviction; touch: TouchOrder } {
  if (name === "any") return { eviction: infinite, touch: "head" };
  if (name.startsWith("lru (touch head")) return { eviction: lru, touch: "head" };
  if (name.startsWith("lru (touch tail")) return { eviction: lru, touch: "tail" };
  if (name.startsWith("fifo")) return { eviction: fifo, touch: "head" };
  if (name.startsWith("lfu")) return { eviction: lfu, touch: "head" };
  assert.ok(name.startsWith("belady"), name);
  return { eviction: belady, touch: "head" };
}

test("every row of the golden counts is reproduced exactly", { skip }, () => {
  const { columns, uniqueBlocks } = mooncakeColumns(sharedText(TRACE));
  const rows = sharedText(GOLDEN).trim().split("\n").slice(1).map(cells);
  assert.equal(rows.length, 31);
  for (const [, capacity, name, , prefix, any, total, ratio, tokenRatio] of rows) {
    const { eviction, touch } = policyOf(name);
    const capacityBlocks = capacity === "infinite" ? Infinity : Number(capacity);
    const replay = createCacheReplay(
      { eviction, capacityBlocks, touch, seed: 1 },
      uniqueBlocks,
      512,
    );
    replay.feed(columns);
    const counts = replay.finish();
    const label = `${name} at ${capacity}`;
    assert.equal(counts.totalBlocks, Number(total), label);
    if (eviction === belady) {
      assert.equal(counts.streamHitBlocks, Number(any), label);
      assert.equal(counts.prefixHitBlocks, null, label);
      continue;
    }
    assert.equal(counts.prefixHitBlocks, Number(prefix), label);
    if (any !== "") assert.equal(counts.residentHitBlocks, Number(any), label);
    assert.equal((counts.prefixHitBlocks! / counts.totalBlocks).toFixed(6), ratio, label);
    if (tokenRatio !== "") {
      assert.equal((counts.prefixHitTokens! / counts.inputTokens).toFixed(6), tokenRatio, label);
    }
  }
});

test(
  "one pass of stack distances gives the golden LRU counts of both touch orders",
  { skip },
  () => {
    const { columns, uniqueBlocks } = mooncakeColumns(sharedText(TRACE));
    for (const touch of ["head", "tail"] as const) {
      const curve = createLruCurve(uniqueBlocks, touch);
      curve.feed(columns);
      const result = curve.finish();
      for (
        const [, capacity, name, , prefix, any] of sharedText(GOLDEN).trim().split("\n").slice(1)
          .map(cells)
      ) {
        if (!name.startsWith(`lru (touch ${touch}`)) continue;
        const point = result.at(Number(capacity));
        assert.equal(point.prefixHitBlocks, Number(prefix), `${name} at ${capacity}`);
        if (any !== "") {
          assert.equal(
            point.residentHitBlocks,
            Number(any),
            `${name} at ${capacity}`,
          );
        }
      }
      assert.equal(result.at(Infinity).prefixHitBlocks, 77953);
    }
  },
);
