import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { importTrace } from "../../src/ingest/import_trace.ts";
import type { RequestColumns } from "../../src/model/trace/requests.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { readEngineFiles } from "../../src/parse/engine/config_file.ts";
import { FORMATS } from "../../src/registry/formats.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-logs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function read(
  content: string,
): Promise<{ trace: Trace<"requests">; columns: RequestColumns }> {
  const file = join(folder, "log");
  writeFileSync(file, content);
  const trace = await importTrace(file, FORMATS) as Trace<"requests">;
  for await (const columns of trace.batches()) return { trace, columns };
  throw new Error("no batch");
}

async function refusal(content: string): Promise<string> {
  const file = join(folder, "bad");
  writeFileSync(file, content);
  let message = "";
  await assert.rejects(importTrace(file, FORMATS), (error: Error & { kind: string }) => {
    assert.equal(error.kind, "data");
    message = error.message;
    return true;
  });
  return message;
}

const lookup = (t: number, hashes: string[], tokens?: number) =>
  JSON.stringify({
    timestamp: t,
    request_id: "secret",
    model_name: "m",
    ...(tokens === undefined ? {} : { seq_len: tokens, chunk_size: 256 }),
    chunk_hashes: hashes,
  });

test("LMCache look-ups: chunks become dense blocks, tails count as tokens, order is mended", async () => {
  const { trace, columns } = await read(
    [lookup(20.5, ["0xaa", "0xbb"], 600), lookup(20, ["0xaa"], 300), lookup(21, [], 10)].join("\n"),
  );
  assert.equal(trace.format, "lmcache-lookup");
  assert.deepEqual([...columns.inputTokens], [300, 600, 10]);
  assert.deepEqual([...columns.arrivalNs], [0, 5e8, 1e9]);
  assert.deepEqual([...columns.blockIds!], [0, 0, 1]);
  assert.equal(trace.meta.blockTokens, 256);
  assert.match(trace.notes.join(), /2 rows stood out of order/);
  const old = await read(`{"timestamp": 1, "lookup_id": "x", "chunk_hashes": ["a", "b"]}\n`);
  assert.equal(old.columns.inputTokens[0], 512);
  assert.match(old.trace.notes.join(), /256 tokens assumed/);
});

test("LMCache look-ups that contradict themselves are refused with their line", async () => {
  assert.match(await refusal(lookup(1, ["a"], 600)), /:1:1: 1 chunk hashes, but 600 tokens hold 2/);
  assert.match(
    await refusal(`${lookup(1, ["a"], 300)}\n{"timestamp": "x", "chunk_hashes": []}`),
    /:2:1: "timestamp"/,
  );
  assert.match(
    await refusal(`${lookup(1, ["a"], 300)}\n{"timestamp": 2, "chunk_`),
    /:2:1: not valid JSON/,
  );
  assert.match(
    await refusal(
      `${lookup(1, ["a"], 300)}\n${
        lookup(2, ["a"], 300).replace("256", "128").replace('["a"]', '["a","b"]')
      }`,
    ),
    /256 and 128/,
  );
});

test("vllm bench serve: detailed results are requests, failed ones are dropped", async () => {
  const { trace, columns } = await read(JSON.stringify({
    model_id: "m",
    duration: 3,
    completed: 2,
    input_lens: [10, 20, 30],
    output_lens: [1, 2, 0],
    ttfts: [0.5, 0.25, 0],
    start_times: [101.5, 100, 102],
    errors: ["", "", "timeout"],
  }));
  assert.equal(trace.format, "vllm-bench");
  assert.deepEqual([...columns.inputTokens], [20, 10]);
  assert.deepEqual([...columns.arrivalNs], [0, 1.5e9]);
  assert.match(trace.notes.join(), /1 failed/);
  assert.match(await refusal('{"total_input_tokens": 5, "request_throughput": 1}'), /only totals/);
  assert.match(
    await refusal('{"input_lens":[1,2],"output_lens":[1],"ttfts":[]}'),
    /2 input_lens, but 1 output_lens/,
  );
  assert.match(await refusal('{"input_lens":[1.5],"output_lens":[1]}'), /input_lens\[0\] is 1.5/);
  const spread = await read('{"duration":4,"input_lens":[1,1],"output_lens":[1,1]}');
  assert.deepEqual([...spread.columns.arrivalNs], [0, 2e9]);
  assert.match(spread.trace.notes.join(), /spread evenly/);
});

test("aiperf: records with units, warm-up and errors", async () => {
  const line = (start: number, extra: object = {}, metadata: object = {}) =>
    JSON.stringify({
      metadata: { request_start_ns: start, conversation_id: "c1", turn_index: 0, ...metadata },
      metrics: {
        time_to_first_token: { value: 250, unit: "ms" },
        input_sequence_length: { value: 50, unit: "tokens" },
        output_sequence_length: { value: 9, unit: "tokens" },
      },
      error: null,
      ...extra,
    });
  const { trace, columns } = await read([
    line(3e9, {}, { turn_index: 1 }),
    line(1e9),
    line(0, {}, { benchmark_phase: "warmup" }),
    line(2e9, { error: { code: 500 } }),
  ].join("\n"));
  assert.equal(trace.format, "aiperf");
  assert.deepEqual([...columns.arrivalNs], [0, 2e9]);
  assert.deepEqual([...columns.turn], [0, 1]);
  assert.deepEqual([...columns.session], [0, 0]);
  assert.match(trace.notes.join(), /within 0\.250 s/);
  assert.match(
    await refusal(line(1).replace('"value":50', '"value":-1')),
    /input_sequence_length is -1/,
  );
});

test("GuideLLM: reports of both layouts, the last benchmark of a sweep", async () => {
  const old = { prompt_tokens: 7, output_tokens: 3, start_time: 10, first_token_time: 10.5 };
  const recent = {
    info: { timings: { request_start: 11 } },
    input_metrics: { text_tokens: 8 },
    output_metrics: { text_tokens: 4 },
  };
  const { trace, columns } = await read(JSON.stringify({
    metadata: { guidellm_version: "0.4" },
    benchmarks: [{ requests: { successful: [] } }, {
      requests: { successful: [recent, old], errored: [1], incomplete: [] },
    }],
  }));
  assert.equal(trace.format, "guidellm");
  assert.deepEqual([...columns.inputTokens], [7, 8]);
  assert.match(trace.notes.join(), /last of 2 benchmarks/);
  assert.match(
    await refusal(
      '{"guidellm":1,"benchmarks":[{"requests":{"successful":[{"prompt_tokens":1}]}}]}',
    ),
    /no start time/,
  );
});

test("engine files: vLLM, SGLang, LMCache; what is not said stays null, secrets go", () => {
  const file = (label: string, content: string) => ({ label, content });
  const sglang = readEngineFiles([
    file(
      "s.yaml",
      "model-path: m\ntp-size: 4\nmem-fraction-static: 0.85\ndisable-radix-cache: true\nhicache-size: 30\nhicache-write-policy: write_back\napi-key: k\n",
    ),
  ]);
  assert.deepEqual([sglang.engine, sglang.tensorParallel, sglang.prefixCaching, sglang.write], [
    "sglang",
    4,
    false,
    "back",
  ]);
  assert.equal(sglang.dram!.bytes, 30 * 2 ** 30);
  assert.equal(sglang.maxSequences, null);
  assert.equal("api_key" in sglang.other, false);
  const both = readEngineFiles([
    file("v.json", '{"model":"x","block_size":32,"kv_cache_dtype":"fp8"}'),
    file(
      "l.yaml",
      "chunk_size: 256\nlocal_disk: file:///d/\nmax_local_disk_size: 100\nlocal_cpu: false\n",
    ),
  ]);
  assert.equal(both.engine, "vllm");
  assert.equal(both.blockTokens, 32, "the engine's block, not LMCache's chunk");
  assert.equal(both.kvBytesPerElement, 1);
  assert.equal(both.ssd!.bytes, 100 * 2 ** 30);
  assert.equal(both.dram, null);
  for (
    const [bad, words] of [["a: [", /neither YAML nor JSON/], ["just text", /expected settings/], [
      "foo: 1",
      /no setting of vLLM/,
    ]] as const
  ) {
    assert.throws(() => readEngineFiles([file("f", bad)]), { kind: "data", message: words });
  }
});
