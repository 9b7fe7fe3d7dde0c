import assert from "node:assert/strict";
import { test } from "node:test";
import { importTrace } from "../../src/ingest/import_trace.ts";
import { ALLOCATION_OPS, type AllocationTraceMeta } from "../../src/model/trace/allocations.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import { withFile } from "../replay/allocator/ops_replay.ts";
import { needsShared, sharedPath } from "../shared.ts";

async function opsOf(content: string) {
  return await withFile("input", content, async (path) => {
    const trace = await importTrace(path, FORMATS);
    const rows: [string, number, number][] = [];
    for await (const batch of trace.batches()) {
      if (batch.kind !== "allocations") continue;
      for (let i = 0; i < batch.count; i++) {
        rows.push([ALLOCATION_OPS[batch.op[i]], batch.id[i], batch.size[i]]);
      }
    }
    return { trace, rows };
  });
}

async function refused(content: string, message: RegExp): Promise<void> {
  await withFile("bad", content, async (path) => {
    await assert.rejects(importTrace(path, FORMATS), (error: { kind: string; message: string }) => {
      assert.equal(error.kind, "data", error.message);
      assert.match(error.message, message);
      return true;
    });
  });
}

test("operations as JSON lines: every kind is read, streams and pools keep their names", async () => {
  const { trace, rows } = await opsOf([
    '{"op":"alloc","id":1,"bytes":100,"stream":16,"tUs":1000.5,"pool":2,"site":"layer 1"}',
    '{"op":"record_stream","id":1,"stream":0}',
    '{"op":"free","id":1,"tUs":1001}',
    '{"op":"stream_done","stream":0}',
    '{"op":"set_fraction","fraction":0.5}',
    '{"op":"empty_cache"}',
    '{"op":"snapshot"}',
    '{"op":"alloc","id":1,"bytes":7}',
  ].join("\n"));
  assert.equal(trace.format, "allocation-ops");
  assert.deepEqual(rows.map((r) => r[0]), [
    "alloc",
    "record_stream",
    "free",
    "stream_done",
    "set_fraction",
    "empty_cache",
    "snapshot",
    "alloc",
  ]);
  const meta = trace.meta as AllocationTraceMeta;
  assert.deepEqual(meta.streams, ["16", "0"]);
  assert.deepEqual(meta.sites, ["layer 1"]);
});

for (
  const [what, lines, message] of [
    [
      "an id twice",
      ['{"op":"alloc","id":1,"bytes":1}', '{"op":"alloc","id":1,"bytes":1}'],
      /:2:\d+: id 1 is allocated/,
    ],
    ["a free of nothing", ['{"op":"free","id":3}'], /:1:\d+: id 3 is not allocated/],
    ["an unknown operation", ['{"op":"free","id":3}', '{"op":"grow"}'], /not allocated/],
    ["a missing size", ['{"op":"alloc","id":1}'], /"bytes" is missing/],
    ["a negative size", ['{"op":"alloc","id":1,"bytes":-5}'], /:1:\d+: /],
    ["a descending time", [
      '{"op":"alloc","id":1,"bytes":1,"tUs":5}',
      '{"op":"free","id":1,"tUs":4}',
    ], /:2:\d+: the time 4 is smaller/],
    ["a truncated line", ['{"op":"alloc","id":1,"bytes":1}', '{"op":"free","i'], /:2:\d+: /],
    ["a fraction above 1", ['{"op":"set_fraction","fraction":1.5}'], /between 0 and 1/],
  ] as const
) {
  test(`operations with ${what} are refused with their place`, () =>
    refused(lines.join("\n"), message));
}

test("RMM's log: pointers make the pairs, the clock may pass midnight", async () => {
  const { trace, rows } = await opsOf([
    "Thread,Time,Action,Pointer,Size,Stream",
    "1,23:59:59:900000,allocate,0x7f0000000000,1024,0x0",
    "1,23:59:59:950000,allocate failure,(nil),4096,0x0",
    "2,00:00:00:100000,free,0x7f0000000000,1024,0x0",
    "2,00:00:00:200000,free,0x7f0000009000,512,0x10",
  ].join("\n"));
  assert.equal(trace.format, "rmm-log");
  assert.deepEqual(rows, [
    ["alloc", 1, 512],
    ["alloc", 0, 1024],
    ["oom", -1, 4096],
    ["free", 0, 1024],
    ["free", 1, 512],
  ]);
  await refused(
    "Thread,Time,Action,Pointer,Size,Stream\n1,12:00:00:1,take,0x1,5,0",
    /:2:\d+: expected allocate/,
  );
  await refused(
    "Thread,Time,Action,Pointer,Size,Stream\n1,12:00:05:1,allocate,0x1,5,0\n1,12:00:00:1,free,0x1,5,0",
    /:3:\d+: the time/,
  );
});

const memory = (ts: number, bytes: number, more: string) =>
  `{"ph":"i","name":"[memory]","ts":${ts},"args":{"Device Type":1,"Device Id":0,"Bytes":${bytes}${more}}}`;

test("a profiler trace: by address where there is one, else by size, as an object or a list", async () => {
  const other = '{"ph":"X","name":"x [memory]","args":{"a":[1,{"b":"}]"}]}}';
  const events = [
    memory(1.5, 512, ',"Addr":100'),
    other,
    memory(2, 1024, ',"Addr":200'),
    memory(3, -512, ',"Addr":100'),
    memory(4, 2048, ""),
  ].join(",");
  for (const text of [`{"schemaVersion":1,"traceEvents":[${events}]}`, `[${events}]`]) {
    const { rows } = await opsOf(text);
    assert.deepEqual(rows, [["alloc", 0, 512], ["alloc", 1, 1024], ["free", 0, 512], [
      "oom",
      -1,
      2048,
    ]]);
  }
  const sizes = [memory(1, 512, ""), memory(2, 512, ""), memory(3, -512, "")].join(",");
  const { rows, trace } = await opsOf(`{"traceEvents":[${sizes}]}`);
  assert.deepEqual(rows[2], ["free", 1, 512], "the last of its size");
  assert.ok(trace.notes.some((n) => n.includes("no addresses")));
  await refused('{"traceEvents":[{"name":"x"}]}', /no \[memory\] event/);
  await refused(`{"traceEvents":[${memory(1, 512, "")}`, /ends in the middle/);
});

test("a memory timeline: categories name the allocations, also when they change", async () => {
  const { trace, rows } = await opsOf(
    "[[-1,1,512,0],[5,2,1024,7],[6,3,-1024,7],[6,3,1024,5],[7,4,-1024,5]]",
  );
  assert.deepEqual(rows, [["alloc", 0, 512], ["alloc", 1, 1024], ["free", 1, 1024]]);
  for await (const batch of trace.batches()) {
    if (batch.kind !== "allocations" || batch.id[0] !== 1) continue;
    assert.equal((trace.meta as AllocationTraceMeta).sites![batch.site![0]], "gradient");
  }
  await refused("[[5,2,1024,7],[4,4,-1024,7]]", /smaller than the one before/);
});

test("lifetimes: what ends at a moment is freed before what begins then", async () => {
  const { rows } = await opsOf("id,lower,upper,size\na,0,5,10\nb,5,9,20\n");
  assert.deepEqual(rows, [["alloc", 0, 10], ["free", 0, 10], ["alloc", 1, 20], ["free", 1, 20]]);
  await refused("id,lower,upper,size\na,5,5,10\n", /:2:5: the lifetime ends/);
  await refused("id,lower,upper,size\na,0,5,10\na,1,5,10\n", /stands twice/);
});

for (
  const file of [
    "fixtures/kineto/hta-memory_timeline.raw.json.gz",
    "fixtures/kineto/kineto-v100-resnet50-nw0-2021.json.gz",
    "fixtures/kineto/tracelens-mi300x-bert-small.json.gz",
    "fixtures/kineto/torch26_cpu_transformer.json.gz",
    "fixtures/static-alloc/minimalloc-K.1048576.csv",
  ]
) {
  test(
    `${file} is read, and every free has its allocation`,
    { skip: needsShared(file) },
    async () => {
      const trace = await importTrace(sharedPath(file), FORMATS);
      const live = new Set<number>();
      for await (const batch of trace.batches()) {
        if (batch.kind !== "allocations") continue;
        for (let i = 0; i < batch.count; i++) {
          const op = ALLOCATION_OPS[batch.op[i]];
          if (op === "alloc") live.add(batch.id[i]);
          if (op === "free") assert.ok(live.delete(batch.id[i]));
        }
      }
      assert.ok(trace.rows > 0);
    },
  );
}

test("a compact trace has no addresses and uses ids again, but never that of an older block", async () => {
  const log = [
    "Thread,Time,Action,Pointer,Size,Stream",
    "1,12:00:00:1,allocate,0x100,1024,0",
    "1,12:00:00:2,free,0x100,1024,0",
    "1,12:00:00:3,allocate,0x200,2048,0",
    "1,12:00:00:4,free,0x900,512,0",
    "1,12:00:00:5,free,0x200,2048,0",
  ].join("\n");
  await withFile("log.csv", log, async (path) => {
    const ids: Record<string, number[]> = {};
    for (const compact of [false, true]) {
      const trace = await importTrace(path, FORMATS, { compact });
      for await (const batch of trace.batches()) {
        if (batch.kind !== "allocations") continue;
        (ids[String(compact)] ??= []).push(...batch.id);
        assert.equal(batch.address.every(Number.isNaN), compact);
      }
    }
    // First the block that was there before, then the events.
    assert.deepEqual(ids, { false: [2, 0, 0, 1, 2, 1], true: [1, 0, 0, 0, 1, 0] });
  });
});
