import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { csvCell } from "../../src/cli/csv.ts";
import { command as exportCommand } from "../../src/cli/commands/export.ts";
import { command as importCommand } from "../../src/cli/commands/import.ts";
import { command as lsCommand } from "../../src/cli/commands/ls.ts";
import { command as queryCommand } from "../../src/cli/commands/query.ts";
import { command as showCommand } from "../../src/cli/commands/show.ts";
import type { CommandModule } from "../../src/cli/command_module.ts";
import type { ReplayDocument, RunRecord } from "../../src/model/results.ts";
import type { SampleColumns } from "../../src/model/trace/samples.ts";
import { selfCommand } from "../../src/runtime/self.ts";
import { openStore } from "../../src/store/open.ts";
import { readTraceEvents } from "../chrome_trace.ts";
import { parseOpenMetrics } from "../open_metrics.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-commands-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** ESC, a bell, a formula and markup: what a name must not be able to do. */
const HOSTILE = '=cmd|"/c calc"!A1 \x1b[31m\x07<script>alert(1)</script>';

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function spillway(args: readonly string[], input: string | Uint8Array = ""): Promise<Ran> {
  const [program, ...first] = selfCommand();
  return new Promise((resolve) => {
    const child = spawn(program, [...first, ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: "1", COLUMNS: "80", SPILLWAY_STORE: "s.duckdb" },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

async function checked(module: CommandModule, text: string): Promise<Record<string, unknown>> {
  const schema = await module.output!() as z.ZodType;
  const document = JSON.parse(text);
  schema.parse(document);
  return document;
}

const ROWS = '{"timestamp":0,"input_length":513,"output_length":1,"hash_ids":[10,11]}\n' +
  '{"timestamp":7,"input_length":512,"output_length":2,"hash_ids":[10],"user":1}\n';

const RUN: RunRecord = {
  schema: "spillway/run/1",
  tool: { name: "spillway", version: "0" },
  name: HOSTILE,
  command: ["echo", HOSTILE],
  workingDirectory: "/tmp",
  startedUnixNs: "1700000000123456789",
  durationNs: 2e9,
  intervalNs: 1e8,
  status: "partial",
  statusReason: "disk full",
  exit: { code: 0, signal: null },
  sources: [{ name: "block", status: "ok", reason: null, remedy: null, samples: 2, sinceNs: null }],
  marks: [{ name: HOSTILE, timeNs: 1e9 }],
  recorder: {
    ticks: 20,
    missedTicks: 1,
    latenessP50Ns: 1000,
    latenessP99Ns: 2000,
    cpuSeconds: 0.01,
    peakRssBytes: 1e7,
  },
  fingerprint: {},
  ledger: [{
    source: "block",
    device: "sda",
    field: "write_bytes",
    unit: "bytes",
    before: 1,
    after: 4097,
    delta: 4096,
    reason: null,
  }],
  metrics: { wall_seconds: { value: 2, unit: "seconds", evidence: "measured" } },
  usage: null,
};

const REPLAY: ReplayDocument = {
  schema: "spillway/replay/1",
  tool: { name: "spillway", version: "0" },
  family: "allocator",
  trace: { id: "t1", name: "x", kind: "requests", format: "mooncake", sha256: null, rows: 2 },
  profiles: {},
  seed: 1,
  results: [{
    policy: "paged",
    family: "allocator",
    params: { block: 16 },
    metrics: {
      peak_reserved_bytes: {
        value: "9007199254740993",
        unit: "bytes",
        evidence: "replayed",
        low: 1,
        high: 2,
      },
      oom_count: { value: null, unit: "count", evidence: "replayed", reason: "not tried" },
    },
    usage: null,
    series: [{
      id: "used",
      title: HOSTILE,
      xUnit: "seconds",
      unit: "bytes",
      x: [0, 0.5],
      y: [1, null],
    }],
    legend: { summary: "s", reference: "r", lossy: false },
  }],
  ranking: {
    by: "peak_reserved_bytes",
    better: "lower",
    order: [{ rank: 1, result: 0, policy: "paged" }],
    recommendation: "take paged",
  },
};

async function* samples(): AsyncIterable<SampleColumns> {
  await Promise.resolve();
  yield {
    kind: "samples",
    count: 4,
    timeNs: Float64Array.of(0, 1e8, 1e8, 2e8),
    series: Uint32Array.of(0, 0, 1, 0),
    value: Float64Array.of(10, NaN, -2.5, 30),
    reason: Int32Array.of(-1, 0, -1, -1),
  };
}

test("without a store: ls says so and ends with 0, show and query end with 4 and a remedy", async () => {
  const ls = await spillway(["ls"]);
  assert.equal(ls.code, 0);
  assert.match(ls.stdout, /no store s\.duckdb yet/);
  const json = await checked(lsCommand, (await spillway(["ls", "--json"])).stdout);
  assert.equal(json.exists, false);
  for (const args of [["show", "r1"], ["query", "SELECT 1"], ["export", "r1", "--format", "csv"]]) {
    const ran = await spillway(args);
    assert.equal(ran.code, 4, args.join(" "));
    assert.match(ran.stderr, /there is no store s\.duckdb yet\n {2}.*makes one/);
  }
  assert.equal(existsSync(join(folder, "s.duckdb")), false);
});

test("a refused import ends with 4, names file, line and column, and makes no store", async () => {
  writeFileSync(join(folder, "bad.jsonl"), ROWS + '{"timestamp":1,');
  const ran = await spillway(["import", "bad.jsonl"]);
  assert.equal(ran.code, 4);
  assert.match(ran.stderr, /^spillway: bad\.jsonl:3:16: /);
  assert.equal(existsSync(join(folder, "s.duckdb")), false);
  assert.equal((await spillway(["import", "absent.jsonl"])).code, 4);
  assert.equal((await spillway(["import", "bad.jsonl", "--format", "monncake"])).code, 2);
});

test("import prints what was recognised and dropped; stdin, gzip and a hostile name", async () => {
  const first = await spillway(["import", "-", "--name", HOSTILE, "--json"], gzipSync(ROWS));
  const document = await checked(importCommand, first.stdout);
  assert.deepEqual([document.id, document.format, document.rows], ["t1", "mooncake", 2]);
  assert.match((document.notes as string[]).at(-1)!, /dropped the key "user" of 1 request/);
  const second = await spillway(["import", "-"], ROWS);
  assert.match(second.stdout, /^t2 stdin: 2 rows of requests, read as mooncake/);
  const store = await openStore(join(folder, "s.duckdb"), { mode: "write" });
  const series = [0, 1].map((i) => ({
    source: "block",
    device: `sd${i}`,
    field: "write_bytes",
    unit: "bytes",
    type: i === 0 ? "counter" as const : "gauge" as const,
  }));
  await store.saveRun(RUN, series, samples(), () => ["lost"]);
  await store.saveDocument("replay", "ranked", REPLAY);
  await store.saveDocument("baseline", "main", { schema: "b", note: HOSTILE });
  await store.close();
});

test("ls lists every kind; an unknown kind ends with 2", async () => {
  const all = await checked(lsCommand, (await spillway(["ls", "--json"])).stdout);
  assert.deepEqual((all.entries as { id: string }[]).map((e) => e.id), [
    "t1",
    "t2",
    "r1",
    "p1",
    "b1",
  ]);
  const runs = await spillway(["ls", "--kind", "run"]);
  assert.equal(runs.stdout.trim().split("\n").length, 2);
  const wrong = await spillway(["ls", "--kind", "rnu"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean "run"/);
});

for (const id of ["t1", "t2", "r1", "p1", "b1"]) {
  test(`show ${id} --json follows its schema, and its text cannot drive the terminal`, async () => {
    const json = await checked(showCommand, (await spillway(["show", id, "--json"])).stdout);
    assert.equal((json.entry as { id: string }).id, id);
    const text = await spillway(["show", id]);
    assert.equal(text.code, 0);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text.stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
    for (const line of text.stdout.split("\n")) assert.ok(line.length <= 80 || id === "b1", line);
  });
}

test("show of a trace has its statistics, of a run its gauges and ledger", async () => {
  const trace = await checked(showCommand, (await spillway(["show", "t2", "--json"])).stdout);
  const statistics = (trace.trace as { statistics: { name: string; sum: number; max: number }[] })
    .statistics;
  const of = (name: string) => statistics.find((s) => s.name === name)!;
  assert.deepEqual([of("input tokens").sum, of("input tokens").max], [1025, 513]);
  assert.equal(of("blocks a request").sum, 3);
  const run = await checked(showCommand, (await spillway(["show", "r1", "--json"])).stdout);
  assert.deepEqual((run.series as unknown[])[0], {
    source: "block",
    device: "sd0",
    field: "write_bytes",
    unit: "bytes",
    type: "counter",
    samples: 3,
    unknown: 1,
    min: 10,
    mean: 20,
    max: 30,
  });
  assert.match((await spillway(["show", "r1"])).stdout, /4 KiB/);
});

test("query prints a table, JSON and CSV, lists the views, and refuses to write", async () => {
  const sql = "SELECT id, name FROM v_entry WHERE id = 't1'";
  const json = await checked(queryCommand, (await spillway(["query", sql, "--json"])).stdout);
  assert.deepEqual(json.rows, [["t1", HOSTILE]]);
  assert.match((await spillway(["query", sql])).stdout, /\\x1b\[31m\\x07/);
  assert.match((await spillway(["query", sql, "--csv"])).stdout, /^id,name\r\nt1,"'=cmd\|""/);
  assert.match((await spillway(["query"])).stdout, /v_sample +Every reading/);
  assert.match(
    (await spillway(["query", "--describe", "v_run"])).stdout,
    /duration_ns +BIGINT +Length/,
  );
  const near = await spillway(["query", "--describe", "v_runs"]);
  assert.match(near.stderr, /did you mean "v_run"/);
  const refused = await spillway(["query", "COPY (SELECT 1) TO 'x.csv'"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /COPY is refused/);
  assert.equal(existsSync(join(folder, "x.csv")), false);
});

test("export perfetto is a valid Chrome trace for runs, traces and replays", async () => {
  for (const [id, counters] of [["r1", 3], ["t2", 0], ["p1", 1]] as const) {
    const ran = await spillway(["export", id, "--format", "perfetto"]);
    assert.equal(ran.code, 0, ran.stderr);
    const events = readTraceEvents(ran.stdout);
    assert.equal(events.filter((e) => e.ph === "C").length, counters, id);
  }
  const wrong = await spillway(["export", "b1", "--format", "perfetto"]);
  assert.equal(wrong.code, 2);
});

test("export openmetrics keeps nanoseconds, types and the closing mark", async () => {
  const { stdout } = await spillway(["export", "r1", "--format", "openmetrics"]);
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.at(-1), "# EOF");
  assert.equal(lines[0], "# TYPE spillway_block_write_bytes counter");
  assert.match(
    stdout,
    /spillway_block_write_bytes_total\{[^\n]*device="sd0"\} 10 1700000000\.123456789\n/,
  );
  assert.match(stdout, /device="sd0"\} 30 1700000000\.323456789\n/);
  assert.ok(parseOpenMetrics(stdout).length >= 3);
  const replay = await spillway(["export", "p1", "--format", "openmetrics"]);
  assert.match(
    replay.stdout,
    /spillway_peak_reserved_bytes\{.*policy="paged".*\} 9007199254740993\n/,
  );
  assert.match(replay.stdout, /spillway_peak_reserved_bytes_high\{.*\} 2\.?0?\n/);
  assert.doesNotMatch(replay.stdout, /oom_count/);
  assert.ok(parseOpenMetrics(replay.stdout).length >= 2);
});

test("export csv and json hold every row; formulas are neutralised and numbers are not", async () => {
  const csv = (await spillway(["export", "r1", "--format", "csv"])).stdout.split("\r\n");
  assert.equal(csv[0], "time_ns,source,device,field,unit,value,reason");
  assert.ok(csv.includes("100000000,block,sd1,write_bytes,bytes,-2.5,"));
  assert.ok(csv.includes("100000000,block,sd0,write_bytes,bytes,,lost"));
  assert.equal(csvCell("=1+1"), `"'=1+1"`);
  assert.deepEqual(["+1", "-1", "@a", "\tx"].map(csvCell), [`"'+1"`, `"'-1"`, `"'@a"`, `"'\tx"`]);
  assert.equal(csvCell(-1), "-1");
  const json = JSON.parse((await spillway(["export", "t2", "--format", "json"])).stdout);
  assert.equal(json.document.meta.uniqueBlocks, 2);
  assert.deepEqual(json.rows.map((row: unknown[]) => row.at(-1)), [[0, 1], [0]]);
  const baseline = JSON.parse((await spillway(["export", "b1", "--format", "json"])).stdout);
  assert.equal(baseline.document.note, HOSTILE);
});

test("export takes a part of a run in every format, its times from where the part begins", async () => {
  const part = ["--window", "50ms..150ms"];
  const text = async (...args: string[]) => {
    const ran = await spillway(["export", "r1", "--format", ...args]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  const rows = (await text("csv", ...part)).trimEnd().split("\r\n").slice(1);
  assert.deepEqual(rows, [
    "50000000,block,sd0,write_bytes,bytes,,lost",
    "50000000,block,sd1,write_bytes,bytes,-2.5,",
  ]);
  const json = JSON.parse(await text("json", ...part));
  assert.equal(json.document.durationNs, 1e8);
  assert.equal(json.document.startedUnixNs, "1700000000173456789");
  assert.deepEqual(json.rows.map((row: unknown[]) => row[0]), [5e7, 5e7]);
  const metrics = await text("openmetrics", ...part);
  assert.equal(parseOpenMetrics(metrics).length, 1, "the unknown reading has no line");
  assert.match(metrics, /device="sd1"\} -2\.5 1700000000\.223456789\n/);
  const trace = JSON.parse(await text("perfetto", ...part)).traceEvents;
  const counters = trace.filter((e: { ph: string }) => e.ph === "C");
  assert.deepEqual(counters.map((e: { ts: number }) => e.ts), [5e4]);
  assert.deepEqual(trace.filter((e: { ph: string }) => e.ph === "i"), [], "the mark is not in it");
  assert.equal(trace.find((e: { ph: string }) => e.ph === "X").dur, 1e5);
  await text("parquet", ...part, "-o", "part.parquet");
  const all = (await text("perfetto", "--window", "0.5s..")).match(/"ph":"i"[^}]*/)![0];
  assert.match(all, /"ts":500000\b/);
  for (const wrong of [["r1", "--window", "3s..4s"], ["r1", "--between", "a,b"], ["t2", ...part]]) {
    const refused = await spillway(["export", ...wrong, "--format", "csv"]);
    assert.equal(refused.code, 2, refused.stderr);
  }
});

test("export parquet writes a file that DuckDB reads, whole or not at all", async () => {
  const ran = await spillway(["export", "t2", "--format", "parquet", "-o", "t2.parquet", "--json"]);
  assert.equal(ran.code, 0, ran.stderr);
  const said = await checked(exportCommand, ran.stdout);
  assert.equal(said.bytes, readFileSync(join(folder, "t2.parquet")).length);
  assert.equal((await spillway(["export", "t2", "--format", "csv", "--json"])).code, 2);
  assert.equal(readFileSync(join(folder, "t2.parquet")).subarray(0, 4).toString(), "PAR1");
  const missing = await spillway([
    "export",
    "t2",
    "--format",
    "parquet",
    "-o",
    "no/such/x.parquet",
  ]);
  assert.equal(missing.code, 5);
  const csv = await spillway(["export", "t2", "--format", "csv", "-o", "no/such/x.csv"]);
  assert.equal(csv.code, 5, csv.stderr);
  assert.equal((await spillway(["export", "t2", "--format", "parquet"])).code, 2);
  assert.deepEqual(readdirSync(folder).filter((name) => name.includes(".part")), []);
});

test("a reader that goes away ends an export quietly", async () => {
  const [program, ...first] = selfCommand();
  const command = [program, ...first, "export", "t2", "--format", "json"]
    .map((word) => `'${word}'`).join(" ");
  const child = spawn("sh", ["-c", `${command} | head -c 1 > /dev/null`], {
    cwd: folder,
    env: { ...process.env, SPILLWAY_STORE: "s.duckdb" },
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => stderr += text);
  await new Promise((resolve) => child.on("close", resolve));
  assert.equal(stderr, "");
});
