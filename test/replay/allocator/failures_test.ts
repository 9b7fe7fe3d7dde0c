import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { spillway } from "../../spillway.ts";
import { opLine } from "./ops_replay.ts";

const MIB = 2 ** 20;

interface Document {
  results: { policy: string; metrics: Record<string, { value: number | null }> }[];
  ranking: {
    by: string;
    order: { rank: number; policy: string }[];
    recommendation: string;
  };
}

function replay(name: string, content: string, args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "spillway-failures-"));
  try {
    const file = join(folder, name);
    writeFileSync(file, content);
    const run = (more: readonly string[]) => {
      const { code, stdout, stderr } = spillway(["replay", "allocator", file, ...args, ...more], {
        env: { COLUMNS: "200" },
      });
      assert.equal(code, 0, stderr);
      return stdout;
    };
    return { document: JSON.parse(run(["--json"])) as Document, text: run([]) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("in a memory that is too small the policy that fails least is first, with whom it fails for", () => {
  // 60 MiB are free, but in two halves: only mapping or stitching makes 50 MiB of them.
  const ops = [
    `a 1 ${40 * MIB}`,
    `a 2 ${40 * MIB}`,
    "f 1",
    `a 3 ${10 * MIB}`,
    `a 4 ${30 * MIB}`,
    "f 2",
    `a 5 ${10 * MIB}`,
    "f 4",
    `a 6 ${50 * MIB}`,
  ];
  const { document, text } = replay("ops.jsonl", ops.map(opLine).join("\n"), [
    "-p",
    "pytorch-caching,pytorch-expandable",
    "--set",
    `capacity=${100 * MIB}`,
  ]);
  const { ranking, results } = document;
  const value = (i: number, id: string) => Number(results[i].metrics[id].value);
  assert.deepEqual([0, 1].map((i) => value(i, "oom_count")), [1, 0]);
  assert.ok(
    value(0, "waste_ratio") < value(1, "waste_ratio"),
    "by waste the order would be another",
  );
  assert.equal(ranking.by, "oom_count");
  assert.deepEqual(ranking.order.map((e) => e.policy), ["pytorch-expandable", "pytorch-caching"]);
  assert.match(
    ranking.recommendation,
    /^pytorch-expandable runs without out-of-memory; pytorch-caching fails 1 time; 60 MiB is stranded by 2 blocks, the largest part held back by allocations of 10 MiB \(2 blocks\) there\.$/,
  );
  // What nobody knows is no column: the smallest capacity is not searched in a given one.
  assert.match(text, /ooms/);
  assert.doesNotMatch(text.split("\n")[2], /min capacity|preemptions|recorded/);
});

test("a policy that can never run some requests stands behind one that can", () => {
  const csv = "input_tokens,output_tokens\n100,10\n900,20\n50,10\n";
  const { document, text } = replay("requests.csv", csv, [
    "-p",
    "contiguous,paged",
    "--set",
    "slots=1024",
    "--set",
    "contextLimit=512",
  ]);
  const { ranking, results } = document;
  assert.deepEqual(results.map((r) => r.metrics.rejected_count.value), [1, 0]);
  assert.equal(ranking.by, "rejected_count");
  assert.deepEqual(ranking.order.map((e) => e.policy), ["paged", "contiguous"]);
  assert.equal(
    ranking.recommendation,
    "paged can run every request; contiguous must reject 1 request, which it could never hold.",
  );
  assert.match(text, /rejected/);
  assert.doesNotMatch(text.split("\n")[2], /ooms|requested/);
});

test("requests that no policy can run do not change the ranking", () => {
  const csv = "input_tokens,output_tokens\n100,10\n9000,20\n";
  const { document } = replay("requests.csv", csv, [
    "-p",
    "contiguous,paged",
    "--set",
    "slots=1024",
    "--set",
    "contextLimit=1024",
  ]);
  assert.equal(document.ranking.by, "waste_ratio");
  assert.match(document.ranking.recommendation, /wastes least/);
});
