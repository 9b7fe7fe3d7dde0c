import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { SpillwayError } from "../../src/model/errors.ts";
import type { ReplayDocument, RunRecord } from "../../src/model/results.ts";
import type { RequestColumns } from "../../src/model/trace/requests.ts";
import type { SampleColumns } from "../../src/model/trace/samples.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { MIGRATIONS, VIEWS } from "../../src/store/migrations.ts";
import { openStore } from "../../src/store/open.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;
const fresh = () => join(folder, `s${++number}.duckdb`);

async function refusal(promise: Promise<unknown>): Promise<SpillwayError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof SpillwayError, `not our error: ${error}`);
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}

const requests: RequestColumns[] = [
  {
    kind: "requests",
    count: 3,
    arrivalNs: Float64Array.of(0, 5e9, 2 ** 52 + 1),
    inputTokens: Uint32Array.of(1024, 700, 0),
    outputTokens: Uint32Array.of(3, 4294967295, 0),
    session: Int32Array.of(0, -1, 2147483647),
    turn: Int32Array.of(0, -1, 7),
    thinkNs: Float64Array.of(NaN, 1, 2e9),
    blockOffsets: Uint32Array.of(0, 2, 4, 4),
    blockIds: Uint32Array.of(0, 1, 0, 2),
  },
  {
    kind: "requests",
    count: 1,
    arrivalNs: Float64Array.of(2 ** 52 + 2),
    inputTokens: Uint32Array.of(512),
    outputTokens: Uint32Array.of(1),
    session: Int32Array.of(-1),
    turn: Int32Array.of(-1),
    thinkNs: Float64Array.of(NaN),
    blockOffsets: Uint32Array.of(0, 3),
    blockIds: Uint32Array.of(5, 4, 4294967295),
  },
];

function requestTrace(batches: RequestColumns[]): Trace<"requests"> {
  return {
    kind: "requests",
    name: "tiny",
    format: "generated",
    sha256: null,
    rows: batches.reduce((sum, b) => sum + b.count, 0),
    meta: { blockTokens: 512, uniqueBlocks: 5 },
    notes: ["made by hand"],
    batches: async function* () {
      yield* batches;
    },
  };
}

const run: RunRecord = {
  schema: "spillway/run/1",
  tool: { name: "spillway", version: "0" },
  name: "demo",
  command: ["dd", "if=/dev/zero"],
  workingDirectory: "/tmp",
  startedUnixNs: "1700000000123456789",
  durationNs: 2e9,
  intervalNs: 1e8,
  status: "complete",
  statusReason: null,
  exit: { code: 0, signal: null },
  sources: [{ name: "block", status: "ok", reason: null, remedy: null, samples: 2, sinceNs: null }],
  marks: [{ name: "middle", timeNs: 1e9 }],
  recorder: {
    ticks: 20,
    missedTicks: 1,
    latenessP50Ns: 1000.5,
    latenessP99Ns: 2000,
    cpuSeconds: 0.01,
    peakRssBytes: 1e7,
  },
  fingerprint: { cpu: "x" },
  ledger: [{
    source: "block",
    device: "sda",
    field: "write_bytes",
    unit: "bytes",
    before: 1,
    after: null,
    delta: null,
    reason: "gone",
  }],
  metrics: { wall_seconds: { value: 2, unit: "seconds", evidence: "measured" } },
  usage: null,
};

async function* samples(): AsyncIterable<SampleColumns> {
  yield {
    kind: "samples",
    count: 3,
    timeNs: Float64Array.of(0, 1e8, 1e8),
    series: Uint32Array.of(0, 0, 1),
    value: Float64Array.of(10, NaN, -2.5),
    reason: Int32Array.of(-1, 0, -1),
  };
}

const replay: ReplayDocument = {
  schema: "spillway/replay/1",
  tool: { name: "spillway", version: "0" },
  family: "allocator",
  trace: { id: null, name: "tiny", kind: "requests", format: "generated", sha256: null, rows: 4 },
  profiles: {},
  seed: 1,
  results: ["paged", "contiguous"].map((policy, i) => ({
    policy,
    family: "allocator",
    params: { block: 16 },
    metrics: {
      peak_reserved_bytes: {
        value: i === 0 ? "9007199254740993" : 7,
        unit: "bytes" as const,
        evidence: "replayed" as const,
      },
      oom_count: {
        value: null,
        unit: "count" as const,
        evidence: "replayed" as const,
        reason: "?",
      },
    },
    usage: null,
    legend: { summary: "s", reference: "r", lossy: false },
  })),
  ranking: {
    by: "peak_reserved_bytes",
    better: "lower",
    order: [{ rank: 1, result: 1, policy: "contiguous" }, { rank: 2, result: 0, policy: "paged" }],
    recommendation: "take contiguous",
  },
};

test("a trace comes back from the store as it went in, batch borders aside", async () => {
  const path = fresh();
  const store = await openStore(path, { mode: "create" });
  assert.equal(await store.saveTrace(requestTrace(requests), "tiny"), "t1");
  await store.close();
  const reader = await openStore(path, { mode: "read" });
  const trace = await reader.trace("tiny");
  assert.deepEqual({ ...trace, batches: null }, {
    id: "t1",
    kind: "requests",
    name: "tiny",
    format: "generated",
    sha256: null,
    rows: 4,
    meta: { blockTokens: 512, uniqueBlocks: 5 },
    notes: ["made by hand"],
    batches: null,
  });
  for (let pass = 0; pass < 2; pass++) {
    const got: RequestColumns[] = [];
    for await (const batch of trace.batches()) got.push(batch as RequestColumns);
    assert.equal(got.length, 1);
    const [batch] = got;
    assert.deepEqual([...batch.arrivalNs], [0, 5e9, 2 ** 52 + 1, 2 ** 52 + 2]);
    assert.deepEqual([...batch.outputTokens], [3, 4294967295, 0, 1]);
    assert.deepEqual([...batch.session], [0, -1, 2147483647, -1]);
    assert.deepEqual([...batch.thinkNs], [NaN, 1, 2e9, NaN]);
    assert.deepEqual([...batch.blockOffsets!], [0, 2, 4, 4, 7]);
    assert.deepEqual([...batch.blockIds!], [0, 1, 0, 2, 5, 4, 4294967295]);
  }
  const view = await reader.query("SELECT row, think_ns, block_ids FROM v_request ORDER BY row");
  assert.deepEqual(view.rows, [
    [0, null, [0, 1]],
    [1, 1, [0, 2]],
    [2, 2e9, []],
    [3, null, [5, 4, 4294967295]],
  ]);
  await reader.close();
});

test("NULLs stay with their rows over many vectors and batches", async () => {
  const batches = [5000, 1, 2048, 4095].map((count, b): RequestColumns => {
    const column = (of: (i: number) => number) => Array.from({ length: count }, (_, i) => of(i));
    // Some vectors are all known, some all unknown, some mixed.
    const unknown = (i: number) =>
      ((i >> 11) + b) % 3 === 0 || (((i >> 11) + b) % 3 === 1 && i % 7 === 0);
    const lists = column((i) => (i + b) % 4);
    const offsets = Uint32Array.of(0, ...lists).map((_, i, all) => i === 0 ? 0 : all[i]);
    for (let i = 1; i <= count; i++) offsets[i] += offsets[i - 1];
    return {
      kind: "requests",
      count,
      arrivalNs: Float64Array.from(column((i) => i * 1e6)),
      inputTokens: Uint32Array.from(column((i) => i)),
      outputTokens: Uint32Array.from(column(() => b)),
      session: Int32Array.from(column((i) => unknown(i) ? -1 : i)),
      turn: Int32Array.from(column((i) => unknown(i + 1) ? -1 : b)),
      thinkNs: Float64Array.from(column((i) => unknown(i + 3) ? NaN : 2 ** 40 + i)),
      blockOffsets: offsets,
      blockIds: Uint32Array.from({ length: offsets[count] }, (_, i) => (i * 7919 + b) % 1000),
    };
  });
  const store = await openStore(fresh(), { mode: "create" });
  await store.saveTrace(requestTrace(batches), "holes");
  const flat = async (source: AsyncIterable<unknown>) => {
    const out: Record<string, number[]> = {};
    for await (const batch of source) {
      for (const [name, values] of Object.entries(batch as RequestColumns)) {
        if (!ArrayBuffer.isView(values) || name === "blockOffsets") continue;
        const target = out[name] ??= [];
        for (const value of values as unknown as Float64Array) target.push(value);
      }
      const { blockOffsets: o, count } = batch as RequestColumns;
      const lengths = out.lengths ??= [];
      for (let i = 0; i < count; i++) lengths.push(o![i + 1] - o![i]);
    }
    return out;
  };
  assert.deepEqual(
    await flat((await store.trace("t1")).batches()),
    await flat(requestTrace(batches).batches()),
  );
  await store.close();
});

test("a trace without blocks comes back without blocks", async () => {
  const path = fresh();
  const store = await openStore(path, { mode: "create" });
  const bare = requests.map((b) => ({ ...b, blockOffsets: null, blockIds: null }));
  await store.saveTrace(requestTrace(bare), "bare");
  for await (const batch of (await store.trace("t1")).batches()) {
    assert.equal((batch as RequestColumns).blockIds, null);
  }
  await store.close();
});

test("samples come back by line in time order, whatever order they came in", async () => {
  const store = await openStore(fresh(), { mode: "create" });
  const series = [0, 1, 2].map((i) => ({
    source: "nvml",
    device: `GPU-${i}`,
    field: "power_watts",
    unit: "watts",
    type: "gauge" as const,
  }));
  const rows = 5000;
  // Every 37th reading of the second GPU is told late, under its own time; two share a time.
  const times = Array.from({ length: rows }, (_, i) => i % 37 === 36 ? i - 35 : i);
  async function* batches(): AsyncIterable<SampleColumns> {
    for (let from = 0; from < rows; from += 700) {
      const part = times.slice(from, from + 700);
      yield {
        kind: "samples",
        count: part.length,
        timeNs: Float64Array.from(part),
        series: Uint32Array.from(part, (_, i) => (from + i) % 2),
        value: Float64Array.from(part, (_, i) => from + i),
        reason: new Int32Array(part.length).fill(-1),
      };
    }
  }
  await store.saveRun(run, series, samples(), () => ["lost"]);
  const id = await store.saveRun({ ...run, name: "late" }, series, batches(), () => []);
  const lines = await store.samples(id);
  assert.deepEqual(lines.map((line) => line.series.device), ["GPU-0", "GPU-1", "GPU-2"]);
  for (const number of [0, 1]) {
    const own = times.map((time, i) => ({ time, value: i })).filter((_, i) => i % 2 === number);
    const sorted = own.toSorted((a, b) => a.time - b.time || a.value - b.value);
    assert.deepEqual([...lines[number].timeNs], sorted.map(({ time }) => time));
    assert.deepEqual([...lines[number].value], sorted.map(({ value }) => value));
  }
  assert.equal(lines[2].timeNs.length, 0);
  assert.equal((await store.samples(id, { device: "GPU-1" }))[0].value.length, rows / 2);
  await store.close();
});

test("runs, replays and names: ids by kind, a name taken within a kind gets a number, views show the rows", async () => {
  const path = fresh();
  const store = await openStore(path, { mode: "create" });
  const series = [0, 1].map((i) => ({
    source: "block",
    device: `sd${i}`,
    field: "write_bytes",
    unit: "bytes",
    type: "counter" as const,
  }));
  assert.equal(await store.saveRun(run, series, samples(), () => ["lost"]), "r1");
  assert.equal(await store.saveRun(run, series, samples(), () => ["lost"]), "r2");
  assert.equal(await store.saveDocument("replay", "r1", replay), "p1");
  assert.deepEqual((await store.list()).map((e) => [e.id, e.name]), [
    ["r1", "demo"],
    ["r2", "demo~2"],
    ["p1", "r1~2"],
  ]);
  assert.equal((await store.run("demo~2")).record.name, "demo~2");
  await store.saveDocument("replay", "demo", replay);
  assert.equal((await store.find("demo")).id, "p2", "the newest of that name");
  assert.equal((await store.run("demo")).id, "r1", "the one of that kind");
  assert.deepEqual((await store.document("replay", "p1")).document, replay);
  const lines = await store.samples("r1", { device: "sd0" });
  assert.equal(lines.length, 1);
  assert.deepEqual([...lines[0].value], [10, NaN]);
  const get = async (sql: string) => (await store.query(sql)).rows;
  assert.deepEqual(
    await get("SELECT value, reason FROM v_sample WHERE entry_id = 'r1' ORDER BY ALL"),
    [
      [-2.5, null],
      [10, null],
      [null, "lost"],
    ],
  );
  assert.deepEqual(await get("SELECT started_at, command, lateness_p50_ns FROM v_run LIMIT 1"), [
    ["2023-11-14 22:13:20.123456789", ["dd", "if=/dev/zero"], 1000],
  ]);
  assert.deepEqual(await get("SELECT name, time_ns FROM v_mark WHERE run_id = 'r2'"), [[
    "middle",
    1e9,
  ]]);
  assert.deepEqual(await get("SELECT before, after, reason FROM v_ledger WHERE run_id = 'r2'"), [
    [1, null, "gone"],
  ]);
  assert.deepEqual(await get("SELECT policy, rank FROM v_replay WHERE id = 'p1' ORDER BY result"), [
    ["paged", 2],
    ["contiguous", 1],
  ]);
  assert.deepEqual(
    await get(
      "SELECT result, value_text, reason FROM v_metric WHERE entry_id = 'p1' AND result = 0 ORDER BY metric",
    ),
    [[0, null, "?"], [0, "9007199254740993", null]],
  );
  await store.close();
});

test("with replace, the entry of that kind and name goes away", async () => {
  const store = await openStore(fresh(), { mode: "create" });
  await store.saveDocument("baseline", "main", { schema: "b", n: 1 });
  await store.saveDocument("baseline", "main", { schema: "b", n: 2 }, { replace: true });
  assert.equal((await store.list("baseline")).length, 1);
  assert.equal((await store.document("baseline", "main")).document.n, 2);
  await store.close();
});

test("a trace that fails half-way leaves nothing behind", async () => {
  const path = fresh();
  const store = await openStore(path, { mode: "create" });
  const broken = {
    ...requestTrace(requests),
    batches: async function* () {
      yield requests[0];
      await Promise.resolve();
      throw new Error("line 7 is wrong");
    },
  };
  await assert.rejects(store.saveTrace(broken, "broken"), /line 7 is wrong/);
  assert.deepEqual(await store.list(), []);
  assert.deepEqual((await store.query("SELECT count(*) FROM v_request")).rows, [[0]]);
  assert.equal(await store.saveTrace(requestTrace(requests), "good"), "t1");
  await store.close();
});

test("an unknown name is refused with the nearest ones, a name of another kind with its kind", async () => {
  const store = await openStore(fresh(), { mode: "create" });
  await store.saveTrace(requestTrace(requests), "morning");
  const unknown = await refusal(store.find("mornin"));
  assert.equal(unknown.kind, "data");
  assert.match(unknown.hint!, /t1 \(morning\)/);
  assert.match(
    (await refusal(store.run("morning"))).message,
    /is a trace \(t1\), but a run was expected/,
  );
  await store.close();
});

test("a newer store is refused, and says so", async () => {
  const path = fresh();
  const next = [...MIGRATIONS, { version: 99, name: "future", sql: "SELECT 1" }];
  await (await openStore(path, { mode: "create", migrations: next })).close();
  const error = await refusal(openStore(path, { mode: "read" }));
  assert.equal(error.kind, "data");
  assert.match(error.message, /version 99/);
});

test("an older store is migrated, also when opened to read, and a copy of it is kept", async () => {
  const path = fresh();
  const old = await openStore(path, { mode: "create" });
  await old.saveTrace(requestTrace(requests), "kept");
  await old.close();
  const version = MIGRATIONS.at(-1)!.version + 1;
  const next = [...MIGRATIONS, {
    version,
    name: "more",
    sql: "ALTER TABLE private.entry ADD COLUMN colour VARCHAR DEFAULT 'red'",
  }];
  const views = VIEWS +
    "\nCREATE OR REPLACE VIEW v_colour AS SELECT id, colour FROM private.entry;";
  const store = await openStore(path, { mode: "read", migrations: next, views });
  assert.deepEqual((await store.query("SELECT * FROM v_colour")).rows, [["t1", "red"]]);
  await store.close();
  const copy = await openStore(`${path}.before-v${version}`, { mode: "read" });
  assert.equal((await copy.list()).length, 1);
  await copy.close();
  await refusal(openStore(path, { mode: "read" }));
});

test("a store whose views are of another build gets this build's views, also when opened to read", async () => {
  const path = fresh();
  const old = `${VIEWS}\nCREATE OR REPLACE VIEW v_run AS SELECT 1 AS old_column;`;
  await (await openStore(path, { mode: "create", views: old })).close();
  const store = await openStore(path, { mode: "read" });
  assert.deepEqual((await store.query("SELECT count(id) FROM v_run")).rows, [[0]]);
  await store.close();
});

test("what is no store is refused with its reason", async () => {
  const text = fresh();
  writeFileSync(text, "hello, this is no database, and it is long enough ".repeat(1000));
  assert.match((await refusal(openStore(text, { mode: "write" }))).message, /not a DuckDB file/);
  assert.match((await refusal(openStore(folder, { mode: "read" }))).message, /is a directory/);
  const missing = await refusal(openStore(fresh(), { mode: "read" }));
  assert.match(missing.message, /does not exist/);
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const other = fresh();
  const instance = await DuckDBInstance.create(other);
  const connection = await instance.connect();
  await connection.run("CREATE TABLE mine(a INTEGER)");
  connection.closeSync();
  instance.closeSync();
  assert.match(
    (await refusal(openStore(other, { mode: "create" }))).message,
    /not a Spillway store/,
  );
});

test("a damaged store gives a sentence, not a crash", async () => {
  const path = fresh();
  const store = await openStore(path, { mode: "create" });
  await store.saveTrace(requestTrace(requests), "tiny");
  await store.close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length / 3)));
  const error = await refusal(
    openStore(path, { mode: "read" }).then(async (s) => {
      await s.list();
      await s.close();
    }),
  );
  assert.match(error.message, /damaged|cannot be opened/);
});

test(
  "a read-only folder is refused before anything is made",
  { skip: process.getuid?.() === 0 ? "root may write everywhere" : false },
  async () => {
    const locked = mkdtempSync(join(folder, "ro-"));
    chmodSync(locked, 0o555);
    const error = await refusal(openStore(join(locked, "s.duckdb"), { mode: "create" }));
    assert.equal(error.kind, "environment");
    assert.match(error.message, /folder is read-only/);
  },
);

test("a store that another process holds is refused with that process's number", async () => {
  const path = fresh();
  await (await openStore(path, { mode: "create" })).close();
  const script = fileURLToPath(new URL("./hold_store.ts", import.meta.url));
  const first = process.versions.bun === undefined ? ["run", "-A", "--no-check"] : [];
  const child = spawn(process.execPath, [...first, script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const error = await refusal(openStore(path, { mode: "read" }));
    assert.equal(error.kind, "environment");
    assert.match(error.message, new RegExp(`in use by another process \\(PID ${child.pid}\\)`));
  } finally {
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
  }
});

test("numbers that JSON lacks come as texts, literals beyond a double do not break the check", async () => {
  const store = await openStore(fresh(), { mode: "create" });
  const { rows } = await store.query(
    "SELECT 'nan'::DOUBLE, '-inf'::DOUBLE, 1e300, 2::HUGEINT ** 70",
  );
  assert.doesNotThrow(() => JSON.stringify(rows));
  assert.equal(rows[0].some((v) => typeof v === "number" && !Number.isFinite(v)), false);
  assert.equal((await store.query("SELECT 1 WHERE 1 < 1e400")).rows.length, 1);
  await store.close();
});

test("every column of every documented view is commented", async () => {
  const path = fresh();
  await (await openStore(path, { mode: "create" })).close();
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  const silent = await connection.runAndReadAll(
    `SELECT table_name || '.' || column_name FROM duckdb_columns()
     WHERE schema_name = 'main' AND NOT internal AND comment IS NULL`,
  );
  assert.deepEqual(silent.getRows(), []);
  const count = await connection.runAndReadAll(
    "SELECT count(*) FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal AND comment IS NOT NULL",
  );
  assert.ok(Number(count.getRows()[0][0]) >= 18);
  connection.closeSync();
  instance.closeSync();
});

const REFUSED: readonly [string, RegExp][] = [
  ["SELECT * FROM private.entry", /"private.entry" is not a documented view/],
  ["WITH a AS (SELECT * FROM private.entry) SELECT * FROM a", /not a documented view/],
  ["SELECT (SELECT max(key) FROM private.metric)", /not a documented view/],
  ["SELECT * FROM read_csv('/etc/passwd')", /function read_csv is refused/],
  ["SELECT * FROM read_text('/etc/passwd')", /function read_text is refused/],
  ["SELECT * FROM '/etc/passwd'", /not a documented view/],
  ["SELECT * FROM glob('/*')", /function glob is refused/],
  ["SELECT * FROM query('SELECT * FROM private.entry')", /function query is refused/],
  ["SELECT * FROM v_run WHERE id IN (SELECT content FROM read_text('x'))", /read_text is refused/],
  ["COPY (SELECT 1) TO '/tmp/x.csv'", /COPY is refused/],
  ["ATTACH 'x.db'", /ATTACH is refused/],
  ["INSTALL httpfs", /INSTALL is refused/],
  ["LOAD json", /LOAD is refused/],
  ["DROP VIEW v_run", /DROP is refused/],
  ["SET memory_limit = '1GB'", /SET is refused/],
  ["PRAGMA database_list", /PRAGMA is refused|not a documented view|function/],
  ["SELECT 1; SELECT 2", /one SELECT was expected|refused/],
  ["", /no SQL|one SELECT|refused/],
  ["SELECT FROM FROM", /query: /],
  ["SELECT nothing FROM v_run", /nothing/],
  ["SELECT * FROM information_schema.tables", /not a documented view/],
  ["SUMMARIZE private.entry", /not a documented view/],
  ["SHOW TABLES", /not a documented view/],
  ["SELECT 1; DROP VIEW v_run", /several statements/],
];
for (const [sql, message] of REFUSED) {
  test(`query refuses ${JSON.stringify(sql)}`, async () => {
    const path = fresh();
    await (await openStore(path, { mode: "create" })).close();
    const store = await openStore(path, { mode: "read" });
    const error = await refusal(store.query(sql));
    assert.equal(error.kind, "usage");
    assert.match(error.message, message);
    await store.close();
    assert.equal(existsSync("/tmp/x.csv"), false);
  });
}
