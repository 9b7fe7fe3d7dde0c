import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { compareMeasuredTtft } from "../../../src/cli/offload/measured_ttft.ts";
import { importTrace } from "../../../src/ingest/import_trace.ts";
import type { Profiles } from "../../../src/model/profiles/profiles.ts";
import type { Trace } from "../../../src/model/trace/trace.ts";
import { FORMATS } from "../../../src/registry/formats.ts";
import { policy as none } from "../../../src/replay/offload/policies/none.ts";
import { spillway } from "../../spillway.ts";
import { llm, PLAIN_HARDWARE } from "./serve.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-measured-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const PROFILES: Profiles = { hardware: PLAIN_HARDWARE, llm: llm("llama-3-8b"), site: null };
const ENGINE = { maxSequences: 4 };

const HEADER = "request_id,session_id,round_index,input_tokens,output_tokens,arrival_time_us," +
  "send_time_us,first_chunk_time_us,status\n";

/** A TraceV2 whose sessions stand one after another, each from its own start. */
function blis(firstChunkAfterUs: (row: number) => number): string {
  const path = join(folder, "log.csv");
  const rows = Array.from({ length: 24 }, (_, i) => {
    const at = 1000 + 40_000 * (i % 8) + 7000 * Math.floor(i / 8);
    const first = firstChunkAfterUs(i) === 0 ? 0 : at + 50 + firstChunkAfterUs(i);
    const lengths = `${700 + 150 * (i % 5)},${20 + i}`;
    return `${i},s${Math.floor(i / 8)},${i % 8},${lengths},${at},${first && at + 50},${first},ok`;
  });
  writeFileSync(path, HEADER + rows.join("\n") + "\n");
  return path;
}

async function load(firstChunkAfterUs: (row: number) => number): Promise<Trace<"requests">> {
  return await importTrace(blis(firstChunkAfterUs), FORMATS) as Trace<"requests">;
}

/** What the engine itself gives each row, in microseconds, times a factor. */
async function ownTimes(factor: number): Promise<number[]> {
  const trace = await load(() => 0);
  const arrivals: number[] = [];
  for await (const batch of trace.batches()) arrivals.push(...batch.arrivalNs);
  const order = arrivals.map((_, row) => row).sort((a, b) => arrivals[a] - arrivals[b] || a - b);
  const own: number[] = new Array(arrivals.length).fill(0);
  const replay = none.create(none.params.parse({ ...ENGINE, intervals: false }), {
    meta: trace.meta,
    profiles: PROFILES,
    seed: 1,
    seriesPoints: 2,
    onRequest: ({ index, ttftSeconds }) => {
      own[order[index]] = Math.round(ttftSeconds * factor * 1e6);
    },
  });
  for await (const batch of trace.batches()) replay.feed(batch);
  replay.finish();
  return own;
}

test("a generated log has no measured times, and nothing is compared", async () => {
  const trace = await load(() => 0);
  assert.equal(trace.measuredTtftSeconds, undefined);
  assert.equal(await compareMeasuredTtft(trace, PROFILES, ENGINE, 1), null);
});

test("a log's times are held against the replay row by row, whatever the order of its rows", async () => {
  const own = await ownTimes(1);
  assert.ok(new Set(own).size > 5 && own.every((us) => us > 0));
  const same = await load((row) => own[row]);
  assert.ok(Math.abs(same.measuredTtftSeconds![3] - own[3] / 1e6) < 1e-9);
  const found = await compareMeasuredTtft(same, PROFILES, ENGINE, 1);
  assert.equal(found!.reproduced, true);
  assert.match(found!.sentence, /are reproduced: off by 0\.0 % on average over 24 requests/);
  const slower = await ownTimes(1.25);
  const missed = await compareMeasuredTtft(
    await load((row) => row === 5 ? 0 : slower[row]),
    PROFILES,
    ENGINE,
    1,
  );
  assert.equal(missed!.reproduced, false);
  assert.match(missed!.sentence, /off by 20\.0 % on average over 23 requests \(bar 15 %\)/);
});

test("replay offload says loudly that a benchmark's file is not reproduced", () => {
  const path = join(folder, "bench.json");
  const times = Array.from({ length: 20 }, (_, i) => i);
  writeFileSync(
    path,
    JSON.stringify({
      completed: 20,
      duration: 20,
      input_lens: times.map((i) => 900 + i),
      output_lens: times.map(() => 12),
      ttfts: times.map(() => 0.001),
      start_times: times,
    }),
  );
  const { code, stdout, stderr } = spillway(
    ["replay", "offload", path, "-p", "recompute", "--json"],
    { cwd: folder },
  );
  assert.equal(code, 0, stderr);
  assert.match(
    JSON.parse(stdout).ranking.recommendation,
    /^DO NOT RELY ON THIS: The file recorded times to first token, and .* over 20 requests/,
  );
});
