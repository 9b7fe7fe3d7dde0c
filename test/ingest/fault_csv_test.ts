import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadTrace } from "../../src/cli/load_trace.ts";
import { faultCsv, generateFaults } from "../../src/generate/faults.ts";
import {
  FAULT_KINDS,
  type FaultColumns,
  type FaultTraceMeta,
} from "../../src/model/trace/faults.ts";
import { needsShared, sharedPath } from "../shared.ts";

async function importBytes(content: string | Uint8Array) {
  const folder = mkdtempSync(join(tmpdir(), "spillway-faults-"));
  try {
    const path = join(folder, "some.bin");
    writeFileSync(path, content);
    const trace = await loadTrace(path, { storePath: join(folder, "none.duckdb"), kind: "faults" });
    const batches: FaultColumns[] = [];
    for await (const batch of trace.batches()) batches.push(batch as FaultColumns);
    return { trace, columns: batches[0] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a generated trace comes back as it was written", async () => {
  const faults = generateFaults({
    seed: 4,
    nodes: 10,
    spanSeconds: 1e6,
    mtbfSeconds: 2e4,
    shape: 0.8,
    meanDownSeconds: 600,
  });
  const { trace, columns } = await importBytes(faultCsv(faults));
  assert.equal(trace.rows, faults.length);
  assert.deepEqual([...columns.startSeconds], faults.map((f) => f.startSeconds));
  assert.deepEqual([...columns.downSeconds], faults.map((f) => f.downSeconds));
});

test("the mean gap of a generated trace is its parameter, whatever the shape", () => {
  for (const shape of [0.7, 1, 1.5]) {
    const spanSeconds = 4e8;
    const { length } = generateFaults({
      seed: 9,
      nodes: 5,
      spanSeconds,
      mtbfSeconds: 1e4,
      shape,
      meanDownSeconds: 1,
    });
    assert.ok(Math.abs(spanSeconds / length / 1e4 - 1) < 0.03, `shape ${shape}: ${length}`);
  }
});

test("the real InfiniteHBD trace is read whole, in days", {
  skip: needsShared("traces/faults/infinitehbd_faults.csv"),
}, async () => {
  const trace = await loadTrace(sharedPath("traces/faults/infinitehbd_faults.csv"), {
    storePath: "/nonexistent.duckdb",
    kind: "faults",
  });
  assert.equal(trace.rows, 584);
  for await (const batch of trace.batches()) {
    const columns = batch as FaultColumns;
    assert.ok(Math.abs(columns.startSeconds[0] - 3.8955 * 86400) < 1e-6);
    assert.equal(FAULT_KINDS[columns.faultKind[0]], "gpu");
  }
});

const HEADER = "start_seconds,node,kind,down_seconds\n";
const REFUSED: readonly [string, string | Uint8Array, RegExp][] = [
  ["a date that is none", "node,kind,start\nn1,gpu,2025-13-01\n", /:2:8: start "2025-13-01"/],
  [
    "dates that descend",
    "node,kind,start\nn1,gpu,2025-01-02\nn1,gpu,2025-01-01\n",
    /:3:1: failure at/,
  ],
  [
    "an end before its start",
    "node,kind,start,end\nn1,gpu,2025-01-02,2025-01-01\n",
    /:2:19: it ends 86400 s before it starts/,
  ],
  ["a row with a field too few", `${HEADER}1,n0,gpu\n`, /:2:1: 3 fields, but the header has 4/],
  ["a start that is no number", `${HEADER}1,n0,gpu,5\nx,n0,gpu,5\n`, /:3:1: start "x"/],
  ["a negative down time", `${HEADER}1,n0,gpu,-5\n`, /:2:10: down time "-5"/],
  ["a number out of range", `${HEADER}1e300,n0,gpu,5\n`, /:2:1: start/],
  [
    "descending times",
    `${HEADER}10,n0,gpu,5\n9,n0,gpu,5\n`,
    /:3:1: failure at 9 s after one at 10 s/,
  ],
  ["an open quote", `${HEADER}1,"n0,gpu,5\n`, /:2:3: the quoted cell/],
  ["a truncated row", `${HEADER}1,n0,gpu,5\n2,n0`, /:3:1: 2 fields/],
  [
    "bytes that are not UTF-8",
    Uint8Array.from([...new TextEncoder().encode(HEADER), 49, 44, 0xff, 44, 44, 49, 10]),
    /:2:\d+: .*UTF-8/,
  ],
];

for (const [what, content, pattern] of REFUSED) {
  test(`${what} is refused with line and column`, async () => {
    await assert.rejects(importBytes(content), { kind: "data", message: pattern });
  });
}

test("dates, ends and other units of time are read", async () => {
  const dated = await importBytes(
    "node,kind,start,end\nn1,gpu,2025-01-01 10:00:00,2025-01-01T12:00:00Z\n" +
      "n2,maintenance,2025-01-02,\n",
  );
  assert.deepEqual([...dated.columns.startSeconds], [0, 14 * 3600]);
  assert.equal(dated.columns.downSeconds[0], 7200);
  assert.ok(Number.isNaN(dated.columns.downSeconds[1]));
  assert.equal(FAULT_KINDS[dated.columns.faultKind[1]], "planned");
  const hours = await importBytes("start_hours,host,down_minutes\n2,a,30\n");
  assert.deepEqual([hours.columns.startSeconds[0], hours.columns.downSeconds[0]], [7200, 1800]);
  const words = await importBytes("node,kind,start,downtime\na,gpu,2025-01-01,2h\n");
  assert.equal(words.columns.downSeconds[0], 7200);
});

test("racks and levels of the rows become the trace's own topology", async () => {
  const { trace } = await importBytes(
    "start_seconds,node,kind,domain,rack,switch\n1,a,gpu,node,r1,s1\n2,b,power,rack,r1,s1\n" +
      "3,c,network,Hardware Failure,r2,\n",
  );
  const meta = trace.meta as FaultTraceMeta;
  assert.deepEqual(meta.domainRows, [[0, "node"], [1, "rack"]]);
  assert.deepEqual(meta.topology!.nodes.map((n) => [n.name, n.rack, n.switch]), [
    ["a", "r1", "s1"],
    ["b", "r1", "s1"],
    ["c", "r2", null],
  ]);
});

for (const [what, content] of [["an empty file", ""], ["a file of another kind", "%PDF-1.4\n"]]) {
  test(`${what} is refused`, async () => {
    await assert.rejects(importBytes(content), { kind: "data" });
  });
}

test("simultaneous failures and a missing down time are kept", async () => {
  const { columns } = await importBytes(`${HEADER}5,a,gpu,\n5,b,software,9\n`);
  assert.ok(Number.isNaN(columns.downSeconds[0]));
  assert.deepEqual([...columns.node], [0, 1]);
});
