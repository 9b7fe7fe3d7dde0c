import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ReplayDocument } from "../../src/model/results.ts";
import { needsShared, sharedPath, sharedText } from "../shared.ts";
import { spillway } from "../spillway.ts";

const GOLDEN = "golden/offload/lru_mooncake_synthetic.csv";
const TRACE = "traces/mooncake/synthetic_trace.jsonl";
const WEKA = "traces/weka/trace_0247.json";
const skip = needsShared(GOLDEN, TRACE);

function document(args: readonly string[]): ReplayDocument {
  const done = spillway(["replay", "cache", ...args, "--json"]);
  assert.equal(done.code, 0, done.stderr);
  return JSON.parse(done.stdout) as ReplayDocument;
}

/** Cells of a CSV line; cells may be quoted. */
function cells(line: string): string[] {
  return [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => m[2] ?? m[1]);
}

test(
  "replay cache prints every golden count, with the curve, in the order asked for",
  { skip },
  () => {
    const capacities = ["1000", "5859", "10000", "30000", "50000", "100000", "infinite"];
    const head = document([
      sharedPath(TRACE),
      "--eviction",
      "infinite,lru,fifo,lfu,belady",
      "--capacity",
      capacities.join(","),
      "--curve",
    ]);
    const tail = document([
      sharedPath(TRACE),
      "--touch",
      "tail",
      "--capacity",
      capacities.slice(0, -1).join(","),
      "--curve",
    ]);
    assert.deepEqual(
      head.results.map((r) => `${r.policy} ${r.params.capacity}`),
      [
        "infinite infinite",
        ...["lru", "fifo", "lfu", "belady"].flatMap((p) => capacities.map((c) => `${p} ${c}`)),
      ],
    );
    const find = (row: string, capacity: string) => {
      const results = row.includes("touch tail") ? tail.results : head.results;
      const name = row === "any" ? "infinite" : row.split(" ")[0];
      const found = results.find((r) =>
        r.policy === name && String(r.params.capacity) === capacity
      );
      assert.ok(found, `${row} at ${capacity}`);
      return found;
    };
    const rows = sharedText(GOLDEN).trim().split("\n").slice(1).map(cells);
    assert.equal(rows.length, 31);
    for (const [, capacity, row, , prefix, any, total, ratio, tokens] of rows) {
      const { metrics } = find(row, capacity);
      const label = `${row} at ${capacity}`;
      assert.equal(metrics.total_blocks.value, Number(total), label);
      assert.equal(metrics.unique_blocks.value, 43924, label);
      if (row.startsWith("belady")) {
        assert.equal(metrics.stream_hit_blocks.value, Number(any), label);
        for (const id of ["prefix_hit_blocks", "resident_hit_blocks", "prefix_hit_ratio"]) {
          assert.equal(metrics[id].value, null, `${label}: ${id}`);
          assert.match(metrics[id].reason!, /flat stream/);
        }
        continue;
      }
      assert.equal(metrics.prefix_hit_blocks.value, Number(prefix), label);
      if (any !== "") assert.equal(metrics.resident_hit_blocks.value, Number(any), label);
      assert.equal(Number(metrics.prefix_hit_ratio.value).toFixed(6), ratio, label);
      if (tokens !== "") {
        assert.equal(Number(metrics.token_hit_ratio.value).toFixed(6), tokens, label);
      }
    }
    // The curve gives the same three counts as the single capacities, under both touch orders.
    for (const { results } of [head, tail]) {
      const curve = results.find((r) => r.series !== undefined && r.policy === "lru")!;
      assert.deepEqual(
        curve.series!.map((s) => s.id),
        ["prefix_hit_blocks", "resident_hit_blocks", "stream_hit_blocks"],
      );
      for (const { id, x, y } of curve.series!) {
        for (const result of results.filter((r) => r.policy === "lru")) {
          const at = x.indexOf(Number(result.params.capacity));
          const value = at >= 0 ? y[at] : y.at(-1);
          assert.equal(value, result.metrics[id].value, `${id} at ${result.params.capacity}`);
        }
      }
    }
  },
);

test("replay cache counts a session file as published, under every eviction", {
  skip: needsShared(WEKA),
}, () => {
  const { results } = document([
    sharedPath(WEKA),
    "--eviction",
    "lru,fifo,lfu,arc,s3fifo,lecar,belady,workload-aware,mooncake-store",
    "--capacity",
    "infinite,500",
  ]);
  assert.equal(results.length, 18);
  const infinite = results.filter((r) => r.params.capacity === "infinite");
  assert.equal(new Set(infinite.map((r) => r.metrics.stream_hit_blocks.value)).size, 1);
  const optimum = results.find((r) => r.policy === "belady" && r.params.capacity === 500)!;
  for (const result of results.filter((r) => r.params.capacity === 500)) {
    assert.ok(
      Number(result.metrics.stream_hit_blocks.value) <=
        Number(optimum.metrics.stream_hit_blocks.value),
      result.policy,
    );
  }
});

test("replay cache in colour prints its head in bold, not the codes that make it so", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-"));
  try {
    const trace = join(folder, "chat.jsonl");
    const made = spillway(["generate", "requests", "--sessions", "3", "-o", trace]);
    assert.equal(made.code, 0, made.stderr);
    const done = spillway(["replay", "cache", trace, "--color", "always"]);
    assert.equal(done.code, 0, done.stderr);
    assert.ok(done.stdout.startsWith("\x1b[1mchat\x1b[22m (mooncake): "), done.stdout);
    assert.ok(!done.stdout.includes("\\x1b"), done.stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
