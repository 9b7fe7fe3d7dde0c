import assert from "node:assert/strict";
import { test } from "node:test";
import { format as lanl } from "../../src/ingest/formats/lanl_failures.ts";
import { format as sacct } from "../../src/ingest/formats/slurm_sacct.ts";
import { format as training } from "../../src/ingest/formats/training_events.ts";
import { format as xid } from "../../src/ingest/formats/xid_log.ts";
import type { Importer, ImportInput } from "../../src/ingest/importer.ts";
import { FAULT_KINDS } from "../../src/model/trace/faults.ts";
import { expandHostlist } from "../../src/parse/hostlist.ts";
import { xidOfLine } from "../../src/parse/xid_line.ts";
import { needsShared, sharedBytes } from "../shared.ts";

function inputOf(bytes: Uint8Array): ImportInput {
  return {
    label: "log",
    path: null,
    gzip: false,
    async *chunks() {
      yield await Promise.resolve(bytes);
    },
    sizeBytes: bytes.length,
    sha256: () => Promise.resolve("0".repeat(64)),
  };
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function rowsOf(format: Importer<"faults">, bytes: Uint8Array) {
  const trace = await format.read(inputOf(bytes));
  const rows: [number, string, number][] = [];
  for await (const b of trace.batches()) {
    for (let i = 0; i < b.count; i++) {
      rows.push([b.startSeconds[i], FAULT_KINDS[b.faultKind[i]], b.downSeconds[i]]);
    }
  }
  return { trace, rows };
}

const LANL = "traces/faults/LA-UR-05-7318-failure-data-1996-2005.csv.gz";

test("the LANL failures are read, sorted by time", { skip: needsShared(LANL) }, async () => {
  const bytes = sharedBytes(LANL);
  const text = new TextDecoder().decode(bytes.subarray(0, 4000));
  assert.ok(lanl.detect({ bytes, text, complete: false }) > 0.9);
  const { trace, rows } = await rowsOf(lanl, bytes);
  assert.equal(trace.rows, 23_739);
  rows.forEach(([at], i) => assert.ok(i === 0 || at >= rows[i - 1][0]));
  // 1996 to 2005.
  assert.ok(trace.meta.spanSeconds! > 8 * 365 * 86_400);
});

const XID = "fixtures/xid-kmsg/gpud-dmesg-with-xid-119.log-2b86f0f3.log";

test(
  "Xids of a real kernel log become failures of their GPU",
  { skip: needsShared(XID) },
  async () => {
    const { trace, rows } = await rowsOf(xid, sharedBytes(XID));
    assert.deepEqual(rows.map(([at]) => at), [0, 6, 12, 174, 355]);
    assert.ok(rows.every(([, kind]) => kind === "gpu"));
    assert.deepEqual(trace.meta.nodes, ["0000:9b:00"]);
  },
);

const EVENTS = "traces/faults/training_events.csv";

test("the log books of large runs are read", { skip: needsShared(EVENTS) }, async () => {
  const { rows } = await rowsOf(training, sharedBytes(EVENTS));
  assert.ok(rows.length > 10);
});

test("every spelling of a kernel log line gives its time", () => {
  const xidText = "NVRM: Xid (PCI:0000:38:00): 79, pid=1, GPU has fallen off the bus.";
  const cases: readonly (readonly [string, number])[] = [
    [`6,3964,206764307,-;${xidText}`, 206.764307],
    [`[  123.500000] ${xidText}`, 123.5],
    [`[Sun Feb 23 16:24:18 2025] ${xidText}`, Date.UTC(2025, 1, 23, 16, 24, 18) / 1000],
    [`kern  :warn  : 2025-01-21T02:21:33,500000+00:00 ${xidText}`, 1_737_426_093.5],
    [`2025-01-21T02:21:33.5+0100 ${xidText}`, 1_737_422_493.5],
  ];
  for (const [line, seconds] of cases) {
    assert.deepEqual(xidOfLine(line), { seconds, device: "0000:38:00", xid: 79 });
  }
  assert.equal(xidOfLine("NVRM: GPU at PCI:0000:9b:00: GPU-5"), null);
});

const JOBS = `JobID|State|Start|End|NodeList
1|COMPLETED|2025-01-01T00:00:00|2025-01-01T01:00:00|gpu[001-004]
2|NODE_FAIL|2025-01-01T00:00:00|2025-01-01T03:00:00|gpu[003-004]
2.batch|CANCELLED|2025-01-01T00:00:00|2025-01-01T03:00:00|gpu003
3|CANCELLED by 1000|2025-01-01T00:00:00|2025-01-01T02:30:00|gpu9
4|FAILED|2025-01-01T00:00:00|2025-01-01T02:00:00|gpu9
5|PREEMPTED|2025-01-01T00:00:00|2025-01-01T05:00:00|None assigned
`;

test("Slurm job ends become failures; steps and good ends do not", async () => {
  const { trace, rows } = await rowsOf(sacct, bytesOf(JOBS));
  assert.deepEqual(rows.map(([at, kind]) => [at, kind]), [
    [0, "software"],
    [3600, "node"],
    [10_800, "preemption"],
  ]);
  assert.deepEqual(trace.meta.nodes, ["gpu9", "gpu003"]);
  assert.match(trace.notes[0], /5 jobs: /);
  assert.equal(expandHostlist("a[01,03]-ib,b").join(" "), "a01-ib a03-ib b");
});

test("a job view stands beside the failures: sizes, GPUs, the node that failed", async () => {
  const log = "JobID|JobName|User|State|Start|End|NNodes|NodeList|AllocTRES|FailedNode\n" +
    "1|pre|ann|COMPLETED|2025-01-01T00:00:00|2025-01-01T01:00:00|4|gpu[1-4]|gres/gpu=32,node=4|\n" +
    "2|pre|ann|NODE_FAIL|2025-01-01T00:00:00|2025-01-01T03:00:00|2|gpu[3-4]|gres/gpu:h100=16|gpu4\n" +
    "3|x||RUNNING|2025-01-01T00:00:00|Unknown|1|gpu9||\n";
  const { trace } = await rowsOf(sacct, bytesOf(log));
  assert.deepEqual(trace.meta.nodes, ["gpu4"]);
  const jobs = trace.meta.jobs!;
  assert.deepEqual(jobs.map((j) => [j.nodes, j.gpus, j.startSeconds, j.endSeconds]), [
    [4, 32, -10_800, -7200],
    [2, 16, -10_800, 0],
    [1, null, -10_800, null],
  ]);
  assert.ok(trace.notes.some((n) => n.includes("node-hours by final state: NODE_FAIL 6 h")));
  assert.ok(trace.notes.some((n) => n.includes("2 to 3 nodes 3 h (1 in 1 jobs)")));
});

test("a log in any order comes out in order of time", async () => {
  const line = (at: number) => `[${at.toFixed(6)}] NVRM: Xid (PCI:0000:01:00): 79, pid=1\n`;
  const { rows } = await rowsOf(xid, bytesOf(line(50) + line(10) + line(30)));
  assert.deepEqual(rows.map(([at]) => at), [0, 20, 40]);
});

const DAMAGED: readonly (readonly [Importer<"faults">, string, string, RegExp])[] = [
  [lanl, "an empty file", "", /empty/],
  [lanl, "another header", "a,b\n", /no column "system"/],
  [
    lanl,
    "a bad date",
    "System,nodenum,Prob Started,Down Time\n2,0,13/45/2005 1:00,6\n",
    /log:2:1.*not a time/,
  ],
  [
    lanl,
    "a negative down time",
    "System,nodenum,Prob Started,Down Time\n2,0,1/5/2005 1:00,-6\n",
    /not a number of minutes/,
  ],
  [lanl, "a truncated row", "System,nodenum,Prob Started,Down Time\n2,0\n", /2 fields/],
  [sacct, "an empty file", "", /empty/],
  [sacct, "a truncated row", "JobID|State|End\n1|NODE_FAIL\n", /log:2:1.*2 fields/],
  [sacct, "an unknown end", "JobID|State|End\n1|NODE_FAIL|Unknown\n", /not a time/],
  [sacct, "no failure", "JobID|State|End\n1|COMPLETED|2025-01-01T00:00:00\n", /no failure/],
  [sacct, "a file of another kind", "%PDF-1.4\n", /no column "jobid"/],
  [sacct, "an impossible date", "JobID|State|End\n1|FAILED|2025-99-01T00:00:00\n", /not a time/],
  [xid, "an empty file", "", /no line with an NVRM Xid/],
  [xid, "a truncated Xid line", "[1.0] NVRM: Xid (PCI:0000:0", /no line with an NVRM Xid/],
  [lanl, "a file of another kind", "%PDF-1.4\n", /no column/],
  [
    lanl,
    "a down time out of range",
    "System,nodenum,Prob Started,Down Time\n2,0,1/5/2005 1:00,1e300\n",
    /not a number of minutes/,
  ],
  [training, "a file of another kind", "{}\n", /no column/],
  [training, "a truncated row", "run,time_local,kind,component\na,2022-05-07\n", /2 fields/],
  [xid, "no Xid", "hello\n", /no line with an NVRM Xid/],
  [training, "an empty file", "", /empty/],
  [training, "a bad time", "run,time_local,kind,component\na,soon,failure,gpu\n", /not a time/],
];

for (const [format, what, text, error] of DAMAGED) {
  test(`${format.name} refuses ${what}`, async () => {
    await assert.rejects(format.read(inputOf(bytesOf(text))), error);
  });
}

for (const format of [lanl, sacct, xid, training]) {
  test(`${format.name} refuses invalid UTF-8`, async () => {
    await assert.rejects(format.read(inputOf(new Uint8Array([0x61, 0xff, 0x0a]))), /UTF-8/);
  });
}
