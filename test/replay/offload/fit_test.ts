import assert from "node:assert/strict";
import { test } from "node:test";
import { parseServingBenchmark } from "../../../src/parse/serving_benchmark.ts";
import { type Efficiencies, fitEfficiencies } from "../../../src/replay/offload/fit.ts";
import { fitOverhead, mismatchOf, splitByLoad } from "../../../src/replay/offload/fit_overhead.ts";
import { policy as none } from "../../../src/replay/offload/policies/none.ts";
import { llm, PLAIN_HARDWARE, requestColumns, type TestRequest } from "./serve.ts";

const ROWS: TestRequest[] = Array.from({ length: 40 }, (_, i) => ({
  at: i * 0.4,
  input: 500 + 97 * (i % 13),
  output: 20 + 7 * (i % 5),
}));

/** Medians of the engine itself, as a machine that can be measured at any efficiency. */
function medians(efficiencies: Efficiencies): { ttftSeconds: number; tpotSeconds: number } {
  const replay = none.create(
    none.params.parse({ ...efficiencies, intervals: false, iterationOverheadSeconds: 0 }),
    {
      meta: { blockTokens: null, uniqueBlocks: null, arrivalSorted: true },
      profiles: { hardware: PLAIN_HARDWARE, llm: llm("llama-3-8b"), site: null },
      seed: 1,
      seriesPoints: 2,
    },
  );
  replay.feed({ ...requestColumns(ROWS), blockOffsets: null, blockIds: null });
  const { metrics } = replay.finish();
  return {
    ttftSeconds: Number(metrics.ttft_p50_seconds.value),
    tpotSeconds: Number(metrics.tpot_p50_seconds.value),
  };
}

test("the efficiencies that made a benchmark are found again from its two medians", () => {
  const truth = { prefillEfficiency: 0.42, bandwidthEfficiency: 0.63 };
  const start = { prefillEfficiency: 0.5, bandwidthEfficiency: 0.8 };
  const fit = fitEfficiencies(medians(truth), start, medians);
  assert.ok(Math.abs(fit.ttftError!) < 0.01, `TTFT ${fit.ttftError}`);
  assert.ok(Math.abs(fit.tpotError!) < 0.01, `TPOT ${fit.tpotError}`);
  assert.ok(Math.abs(fit.prefillEfficiency / 0.42 - 1) < 0.05, `${fit.prefillEfficiency}`);
  assert.ok(Math.abs(fit.bandwidthEfficiency / 0.63 - 1) < 0.05, `${fit.bandwidthEfficiency}`);
  assert.deepEqual(fit.bounded, []);
});

test("a machine faster than its profile allows runs into the bound, and it is said", () => {
  const fit = fitEfficiencies(
    { ttftSeconds: 0.1, tpotSeconds: null },
    { prefillEfficiency: 0.5, bandwidthEfficiency: 0.8 },
    (e) => ({ ttftSeconds: 0.5 / e.prefillEfficiency, tpotSeconds: null }),
  );
  assert.deepEqual(fit.bounded, ["prefillEfficiency"]);
  assert.equal(fit.bandwidthEfficiency, 0.8);
  assert.equal(fit.tpotError, null);
});

test("a detailed result of vllm bench serve gives every request that ended", () => {
  const benchmark = parseServingBenchmark(
    JSON.stringify({
      model_id: "m",
      completed: 2,
      duration: 9,
      input_lens: [10, 20, 30],
      output_lens: [5, 0, 7],
      ttfts: [0.2, 0, 0.4],
      start_times: [100.5, 100.1, 103.1],
      errors: ["", "Connection reset", ""],
      median_tpot_ms: 25,
    }),
    "b.json",
  );
  assert.deepEqual(benchmark.requests.map((r) => [r.input, r.output]), [[10, 5], [30, 7]]);
  assert.ok(Math.abs(benchmark.requests[1].at - 3) < 1e-9);
  assert.equal(benchmark.ttftSeconds, 0.2);
  assert.equal(benchmark.tpotSeconds, 0.025);
  assert.deepEqual(benchmark.assumed, []);
});

test("totals alone give requests of the mean length, and it is said", () => {
  const benchmark = parseServingBenchmark(
    JSON.stringify({
      completed: 4,
      request_rate: 2,
      total_input_tokens: 400,
      total_output_tokens: 80,
      median_ttft_ms: 120,
      median_tpot_ms: 20,
    }),
    "b.json",
  );
  assert.deepEqual(benchmark.requests.map((r) => r.at), [0, 0.5, 1, 1.5]);
  assert.equal(benchmark.requests[0].input, 100);
  assert.equal(benchmark.assumed.length, 2);
});

test("aiperf's summary is read in its units", () => {
  const benchmark = parseServingBenchmark(
    JSON.stringify({
      request_count: { unit: "requests", avg: 3 },
      request_throughput: { unit: "requests/sec", avg: 1 },
      input_sequence_length: { unit: "tokens", avg: 550.4 },
      output_sequence_length: { unit: "tokens", avg: 128 },
      time_to_first_token: { unit: "ms", avg: 90, p50: 80 },
      inter_token_latency: { unit: "ms", avg: 12 },
    }),
    "a.json",
  );
  assert.equal(benchmark.requests.length, 3);
  assert.equal(benchmark.requests[0].input, 550);
  assert.equal(benchmark.ttftSeconds, 0.08);
  assert.equal(benchmark.tpotSeconds, 0.012);
});

test("what is no benchmark is refused with what was expected", () => {
  const refused = (text: string, why: RegExp) =>
    assert.throws(() => parseServingBenchmark(text, "x.json"), why);
  refused("{", /x\.json: not valid JSON/);
  refused("[]", /expected the JSON object/);
  refused("{}", /neither input_lens and output_lens nor completed/);
  refused('{"input_lens":[1],"output_lens":[1]}', /neither a time to first token/);
  refused('{"input_lens":[],"output_lens":[],"median_ttft_ms":1}', /no request ended/);
});

test("requests are split by how many others decoded beside them", () => {
  const requests = Array.from({ length: 24 }, (_, i) => ({
    // Twelve one after the other, then twelve at once.
    at: i < 12 ? i * 10 : 200,
    output: 11,
    ttft: 0.1,
    tpot: i < 12 ? 0.01 : 0.02,
  }));
  const split = splitByLoad(requests)!;
  assert.deepEqual(split.light, Array.from({ length: 12 }, (_, i) => i));
  assert.equal(split.heavy.length, 12);
  // The engine is right at light load, and gives half the measured time at heavy load.
  const replayed = new Map(requests.map((_, i) => [i, 0.01]));
  assert.deepEqual(mismatchOf(split, requests, replayed), { ratio: 0.5, error: 0 });
  assert.equal(mismatchOf(split, requests, new Map([[1, 0.01]])), null);
  assert.equal(splitByLoad(requests.slice(0, 19)), null);
  assert.equal(splitByLoad(requests.map((r) => ({ ...r, tpot: null }))), null);
});

test("the overhead is found where light and heavy load agree, or it is said what bounds it", () => {
  /** A step takes overhead + load: the median load 10 ms a token, the light one half, the heavy one twice. */
  const mismatchOfTruth = (truth: number, error: number) => (overhead: number) => {
    const step = (at: number, load: number) => at + (0.01 - at) * load;
    const ratio = step(truth, 0.5) / step(overhead, 0.5) /
      (step(truth, 2) / step(overhead, 2));
    return { ratio, error };
  };
  const exact = fitOverhead(0.008, 0.01, mismatchOfTruth(0.003, 0));
  assert.ok(exact.known && Math.abs(exact.seconds - 0.003) < 1e-9);
  const between = fitOverhead(0.008, 0.01, mismatchOfTruth(0.0035, 0.02));
  assert.ok(between.known && between.low < 0.0035 && between.high > 0.0035);
  const vague = fitOverhead(0.008, 0.01, mismatchOfTruth(0.003, 0.9));
  assert.ok(
    !vague.known && /lies between 0\.00 ms and 8\.00 ms/.test(vague.reason),
    `${vague.known}`,
  );
  const beyond = fitOverhead(0.008, 0.01, () => ({ ratio: 1.5, error: 0.01 }));
  assert.ok(!beyond.known && /no overhead explains/.test(beyond.reason));
  const none = fitOverhead(0, 0.01, mismatchOfTruth(0.003, 0));
  assert.ok(!none.known && /leaves no time/.test(none.reason));
});
