import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import type { ReplayDocument } from "../../src/model/results.ts";
import { spillway } from "../spillway.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-offload-"));
const CHAT = resolve("traces/chat.jsonl");
const MACHINE = ["--hardware", "h100_sxm-x8", "--llm", "llama-3-70b", "--gpu-blocks", "60"];
after(() => rmSync(folder, { recursive: true, force: true }));

const offload = (...args: string[]) =>
  spillway(["replay", "offload", CHAT, ...MACHINE, ...args], { cwd: folder });

test("replay offload prints the ranking, the one by cost, the verdict and the break-even table", () => {
  const { code, stdout, stderr } = offload("-p", "recompute,kv-offload,compress");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /ranked by ttft_p99_seconds/);
  assert.match(stdout, /By total_usd: 1\. /);
  assert.match(stdout, /llama-3-70b:\s+hidden\s+states\s+are\s+4\.0x\s+the\s+KV\s+bytes/);
  assert.match(stdout, /Break-even of llama-3-70b \(GQA\) on this machine:/);
  assert.match(stdout, /bytes a token +KV 327\.7 kB, hidden states 1\.311 MB \(4\.0x\)/);
  assert.match(stdout, /hidden beat KV +never: they are not smaller/);
  assert.match(stdout, /compress \(lossy\)/);
  assert.doesNotMatch(stdout, /half the bytes/);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
});

test("its document ranks lossy policies marked, prices every result, and carries pictures", () => {
  const { stdout } = offload("-p", "recompute,kv-offload,compress", "--json");
  const document = JSON.parse(stdout) as ReplayDocument;
  const lossy = document.ranking.order.filter((entry) => entry.lossy);
  assert.deepEqual(lossy.map((entry) => entry.policy), ["compress"]);
  assert.equal(document.ranking.others![0].by, "total_usd");
  for (const { metrics, usage, detail, series } of document.results) {
    assert.ok(Number(metrics.total_usd.value) > 0);
    assert.ok(metrics.ttft_p99_seconds.low! <= metrics.ttft_p99_seconds.high!);
    assert.equal(series![0].y.length, 101);
    assert.ok(usage!.devices.some((device) => device.kind === "gpu"));
    assert.ok(Array.isArray(detail!.links));
  }
  const [bars] = document.figures!;
  const sum = (label: string) =>
    bars.rows.filter((row) => row.label === label).reduce((s, row) => s + Number(row.value), 0);
  const labels = [...new Set(bars.rows.map((row) => String(row.label)))];
  // Every policy has the same input tokens; recomputation after preemptions comes on top.
  for (const label of labels) assert.ok(Math.abs(sum(label) / sum(labels[0]) - 1) < 0.05, label);
});

test("where the machine has no price the missing ranking says why, and how to get it", () => {
  const { code, stdout } = offload("-p", "recompute,kv-offload", "--hardware", "b300_sxm");
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /By total_usd/);
  assert.match(
    stdout.replace(/\s+/g, " "),
    /- No ranking by total_usd: no rent for GPU "b300_sxm"; .* --factor rent\.gpu\.b300_sxm=/,
  );
});

test("--fit sets the efficiencies of every run and says how far the medians are off", () => {
  writeFileSync(
    join(folder, "bench.json"),
    JSON.stringify({
      completed: 30,
      request_rate: 1,
      total_input_tokens: 30_000,
      total_output_tokens: 3_000,
      median_ttft_ms: 90,
      median_tpot_ms: 12,
    }),
  );
  const { code, stdout, stderr } = offload(
    "-p",
    "recompute,kv-offload",
    "--fit",
    "bench.json",
    "--json",
  );
  assert.equal(code, 0, stderr);
  const { results } = JSON.parse(stdout) as ReplayDocument;
  assert.equal(results[0].params.prefillEfficiency, results[1].params.prefillEfficiency);
  assert.equal(results[0].metrics.ttft_p50_seconds.low, undefined);
  assert.match(results[0].notes![0], /^Timing fitted to bench\.json \(30 requests\): .* % off/);
  assert.match(
    results[0].notes![0],
    /The iteration overhead was not fitted but assumed: .* of one load /,
  );
  const missing = offload("--fit", "absent.json");
  // 60 blocks are the trace's, of 512 tokens: in smaller ones no request of the benchmark would fit.
  assert.match(results[0].notes![0], /first token -?0\.\d % off, per token -?0\.\d % off/);
  const small = spillway(
    ["replay", "offload", CHAT, "--gpu-blocks", "1", "-p", "recompute", "--fit", "bench.json"],
    { cwd: folder },
  );
  assert.equal(small.code, missing.code);
  assert.match(small.stderr, /no request of bench\.json fits into the GPU blocks/);
  // A given overhead is part of what was measured: less is left for reading memory.
  const given = ["-p", "recompute", "--set", "iterationOverheadSeconds=3ms"];
  const slower = JSON.parse(offload(...given, "--fit", "bench.json", "--json").stdout);
  const efficiency = (result: { params: { [key: string]: unknown } }) =>
    Number(result.params.bandwidthEfficiency);
  assert.ok(efficiency(slower.results[0]) > 1.1 * efficiency(results[0]));
  assert.equal(missing.code, 4);
  assert.match(missing.stderr, /--fit: the file absent\.json does not exist/);
});

test("what the engine cannot do is refused in one sentence", () => {
  const refused = (args: string[], why: RegExp) => {
    const { code, stderr } = offload(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, why);
  };
  refused(["--gpu-blocks", "0"], /at least one block/);
  refused(["-p", "kv-offload", "--set", "eviction=beladi"], /known: arc, belady, fifo, lecar/);
  refused(
    ["-p", "kv-offload", "--set", "eviction=infinite"],
    /never evicts, and a tier has a size/,
  );
  refused(["-p", "kv-offload", "--set", "blockTokens=16"], /cannot be refined/);
  refused(["-p", "none", "--set", "pipeline=3"], /cannot be split into 3 equal stages/);
});
