import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fitTiming } from "../../../src/cli/offload/fit_timing.ts";
import { policy as none } from "../../../src/replay/offload/policies/none.ts";
import { llm, PLAIN_HARDWARE, requestColumns, type TestRequest } from "./serve.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-fit-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const profiles = { hardware: PLAIN_HARDWARE, llm: llm("llama-3-8b"), site: null };

/** Single requests, then a burst of many at once: light and heavy load. */
const ROWS: TestRequest[] = Array.from({ length: 120 }, (_, i) => ({
  at: i < 60 ? 3 * i : 200 + 0.05 * i,
  input: 3000 + 97 * (i % 13),
  output: 60 + 7 * (i % 5),
}));

/** What `vllm bench serve --save-detailed` would write of a machine with these constants. */
function benchmark(timing: { [key: string]: number }): { [key: string]: unknown } {
  const rows = ROWS.map((row) => ({ ...row, ttft: 0, tpot: 0 }));
  const replay = none.create(none.params.parse({ ...timing, intervals: false }), {
    meta: { blockTokens: null, uniqueBlocks: null, arrivalSorted: true },
    profiles,
    seed: 1,
    seriesPoints: 2,
    onRequest: ({ index, ttftSeconds, latencySeconds }) => {
      rows[index].ttft = ttftSeconds;
      rows[index].tpot = (latencySeconds - ttftSeconds) / (rows[index].output - 1);
    },
  });
  replay.feed({ ...requestColumns(ROWS), blockOffsets: null, blockIds: null });
  const { metrics } = replay.finish();
  return {
    completed: rows.length,
    input_lens: rows.map((r) => r.input),
    output_lens: rows.map((r) => r.output),
    start_times: rows.map((r) => 1000 + r.at),
    ttfts: rows.map((r) => r.ttft),
    itls: rows.map((r) => new Array(r.output - 1).fill(r.tpot)),
    median_ttft_ms: 1e3 * Number(metrics.ttft_p50_seconds.value),
    median_tpot_ms: 1e3 * Number(metrics.tpot_p50_seconds.value),
  };
}

const TRUTH = {
  prefillEfficiency: 0.42,
  bandwidthEfficiency: 0.63,
  iterationOverheadSeconds: 0.004,
};

function fileOf(name: string, json: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(json));
  return path;
}

test("all three constants of a detailed benchmark are found again", async () => {
  const { params, note } = await fitTiming(fileOf("a.json", benchmark(TRUTH)), profiles, {});
  assert.ok(Math.abs(params.iterationOverheadSeconds! / 0.004 - 1) < 0.15, note);
  assert.ok(Math.abs(params.prefillEfficiency / 0.42 - 1) < 0.1, note);
  assert.ok(Math.abs(params.bandwidthEfficiency / 0.63 - 1) < 0.1, note);
  assert.match(note, /Iteration overhead \d\.\d\d ms \(.* to .*\), from the times per token at/);
});

test("without times of single requests the overhead is assumed, and it is said", async () => {
  const { itls: _, ...totals } = benchmark(TRUTH);
  const { params, note } = await fitTiming(fileOf("b.json", totals), profiles, {});
  assert.equal(params.iterationOverheadSeconds, undefined);
  assert.match(note, /overhead was not fitted but assumed: medians of one load cannot tell/);
});

test("an overhead that is given is kept", async () => {
  const path = fileOf("c.json", benchmark(TRUTH));
  const { params, note } = await fitTiming(path, profiles, { iterationOverheadSeconds: 0.004 });
  assert.equal(params.iterationOverheadSeconds, undefined);
  assert.match(note, /The iteration overhead is the one given/);
  assert.ok(Math.abs(params.bandwidthEfficiency / 0.63 - 1) < 0.05, note);
});
