import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import {
  type EngineCounts,
  engineCountsSchema,
  servingEngineConfigSchema,
} from "../../src/model/engine_config.ts";
import type { ReplayDocument, RunRecord } from "../../src/model/results.ts";
import { validationSchema } from "../../src/cli/schemas/validation_schema.ts";
import { openStore } from "../../src/store/open.ts";
import { spillway } from "../spillway.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-validate-"));
const TRACE = resolve("traces/chat.jsonl");
const MACHINE = ["--hardware", "a100_sxm", "--llm", "llama-2-7b"];
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[]) => spillway(args, { cwd: folder });

/** What a perfect model of the engine would have counted: the replay's own numbers. */
function countsOfReplay(gpuBlocks: number): EngineCounts {
  const done = run([
    "replay",
    "offload",
    TRACE,
    "-p",
    "as-run",
    "--set",
    `gpuBlocks=${gpuBlocks}`,
    ...MACHINE,
    "--json",
  ]);
  assert.equal(done.code, 0, done.stderr);
  const { metrics } = (JSON.parse(done.stdout) as ReplayDocument).results[0];
  const value = (id: string) => Number(metrics[id].value);
  return engineCountsSchema.parse({
    prefixQueryTokens: 1e6,
    prefixHitTokens: Math.round(1e6 * value("token_reuse_ratio")),
    blocksStored: value("gpu_stored_blocks"),
    blocksRemoved: value("gpu_removed_blocks"),
    ttftQuantiles: {
      "0.5": value("ttft_p50_seconds"),
      "0.9": value("ttft_p90_seconds"),
      "0.99": value("ttft_p99_seconds"),
    },
  });
}

/** The engine reported its blocks of 16 tokens; the trace has blocks of 512. */
const CONFIG = servingEngineConfigSchema.parse({
  engine: "vllm",
  model: "meta-llama/Llama-2-7b-hf",
  hardware: "a100_sxm",
  blockTokens: 16,
  gpuBlocks: 200 * 32,
});

const COUNTS = countsOfReplay(200);

test("replay validate of an imported run: exactly its own numbers, then with another block count", () => {
  const write = (name: string, gpuBlocks: number) =>
    writeFileSync(
      join(folder, name),
      JSON.stringify({
        config: { ...CONFIG, gpuBlocks },
        counts: COUNTS,
        requestTrace: TRACE,
      }),
    );
  write("run.json", 200 * 32);
  const good = run(["replay", "validate", "run.json", "--json", "--strict"]);
  assert.equal(good.code, 0, good.stderr);
  const document = validationSchema.parse(JSON.parse(good.stdout));
  assert.equal(document.verdict, "reproduced");
  assert.equal(document.params.gpuBlocks, 200);
  for (const row of document.rows) {
    if (row.difference !== null) assert.ok(Math.abs(row.difference) < 0.01, row.quantity);
  }
  write("other.json", 60 * 32);
  const missed = run(["replay", "validate", "other.json", "--strict"]);
  assert.equal(missed.code, 1);
  assert.match(missed.stdout, /gpu hit ratio .* 5 beyond/);
  assert.match(missed.stdout, /NOT reproduced: gpu_hit_ratio off by/);
  assert.match(missed.stdout, /assumed, for the run does not say it: the shape of/);
  assert.equal(run(["replay", "validate", "other.json"]).code, 0);
});

test("replay validate reads times to first token from a benchmark's result, request by request", () => {
  writeFileSync(
    join(folder, "bench.json"),
    JSON.stringify({
      model_id: "llama",
      duration: 40,
      input_lens: [500, 900, 400, 800],
      output_lens: [10, 10, 10, 10],
      start_times: [0, 30, 10, 20],
      ttfts: [0.05, 0, 0.05, 0.08],
      itls: [[], [], [], []],
    }),
  );
  writeFileSync(join(folder, "bare.json"), JSON.stringify({ config: CONFIG }));
  const done = run(["replay", "validate", "bare.json", "--bench", "bench.json", "--json"]);
  assert.equal(done.code, 0, done.stderr);
  const { rows } = validationSchema.parse(JSON.parse(done.stdout));
  const mape = rows.find((r) => r.quantity === "ttft_mape")!;
  assert.match(mape.reason!, /over 3 requests/);
});

test("what cannot be validated is refused with what is missing", () => {
  writeFileSync(join(folder, "none.json"), JSON.stringify({ config: { engine: "vllm" } }));
  assert.match(run(["replay", "validate", "none.json"]).stderr, /no log of its requests/);
  const blind = run(["replay", "validate", "none.json", "--trace", TRACE]);
  assert.equal(blind.code, 2);
  assert.match(blind.stderr, /does not say which model/);
  writeFileSync(
    join(folder, "bad.json"),
    JSON.stringify({ config: { engine: "vllm", gpuBlocks: -1 } }),
  );
  const bad = run(["replay", "validate", "bad.json", "--trace", TRACE]);
  assert.equal(bad.code, 4);
  assert.match(bad.stderr, /bad\.json: config: gpuBlocks/);
  assert.equal(run(["replay", "validate", "r9"]).code, 4);
});

const RUN: RunRecord = {
  schema: "spillway/run/1",
  tool: { name: "spillway", version: "0" },
  name: "served",
  command: ["vllm", "serve"],
  workingDirectory: "/",
  startedUnixNs: "1700000000000000000",
  durationNs: 1e9,
  intervalNs: 1e8,
  status: "complete",
  statusReason: null,
  exit: { code: 0, signal: null },
  sources: [],
  marks: [],
  recorder: {
    ticks: 1,
    missedTicks: 0,
    latenessP50Ns: 0,
    latenessP99Ns: 0,
    cpuSeconds: 0,
    peakRssBytes: 0,
  },
  fingerprint: {},
  ledger: [],
  metrics: {},
  usage: null,
};

test("a stored run: validated by name; verdicts on its trace warn and advice refuses when it is missed", async () => {
  assert.equal(run(["import", TRACE, "--name", "log"]).code, 0);
  const save = async (name: string, gpuBlocks: number, requestTrace: string) => {
    const store = await openStore(join(folder, "spillway.duckdb"), { mode: "write" });
    try {
      const config = { ...CONFIG, gpuBlocks };
      const record = { ...RUN, name, engine: { config, counts: COUNTS, requestTrace } };
      await store.saveRun(record, [], (async function* () {})(), () => []);
    } finally {
      await store.close();
    }
  };
  const replay = ["replay", "offload", "log", "-p", "recompute,kv-offload", ...MACHINE];
  await save("served", 200 * 32, "t1");
  const good = run(["replay", "validate", "served"]);
  assert.match(good.stdout, /Reproduced under as-run/, good.stderr);
  assert.doesNotMatch(run(replay).stdout, /DO NOT RELY/);
  await save("missed", 60 * 32, "t1");
  const warned = run(replay);
  assert.match(warned.stdout, /DO NOT RELY ON THIS: Recorded run missed: NOT\s+reproduced/);
  const advice = run(["advise", "--trace", "log", "--points", "4"]);
  assert.equal(advice.code, 4);
  assert.match(advice.stderr, /advise refuses: Recorded run missed: NOT reproduced/);
});
