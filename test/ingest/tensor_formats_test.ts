import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { importTrace } from "../../src/ingest/import_trace.ts";
import type { TensorColumns, TensorTraceMeta } from "../../src/model/trace/tensors.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import { gatherTensors, liveBytes } from "../../src/replay/training/recorded.ts";
import { needsShared, sharedPath, sharedText } from "../shared.ts";

const HTA = "traces/torch/hta_memory_timeline.raw.json.gz";
const KINETO = "fixtures/kineto/tracelens-h100-vit.json.gz";
const OLD = "fixtures/kineto/kineto-v100-resnet50-nw0-2021.json.gz";
const NO_MEMORY = "fixtures/kineto/hta-simple_add-nomem.json.gz";

async function read(path: string): Promise<{ trace: Trace; columns: TensorColumns }> {
  const trace = await importTrace(path, FORMATS, { kind: "tensors" });
  for await (const columns of trace.batches()) {
    return { trace, columns: columns as TensorColumns };
  }
  throw new Error("no batch");
}

async function withFile(content: string | Uint8Array, work: (path: string) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "spillway-tensors-"));
  try {
    const path = join(folder, "input");
    writeFileSync(path, content);
    await work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a memory timeline keeps totals: live bytes are the running sum of its rows", {
  skip: needsShared(HTA),
}, async () => {
  const { trace, columns } = await read(sharedPath(HTA));
  assert.equal(trace.format, "tensor-timeline");
  const tensors = gatherTensors([columns], trace.meta as TensorTraceMeta);
  const live = liveBytes(tensors);
  // Independently: sums of signed rows at the end of each time.
  const rows = JSON.parse(sharedText(HTA)) as [number, number, number, number][];
  const sums = new Map<number, number>();
  let now = 0;
  for (const [time, action, bytes] of rows) {
    now += action === 4 ? -Math.abs(bytes) : bytes;
    sums.set(time, now);
  }
  const peak = Math.max(...sums.values());
  assert.equal(live.peakBytes, peak);
  const open = columns.endNs.reduce(
    (sum, end, i) => sum + (Number.isNaN(end) ? columns.sizeBytes[i] : 0),
    0,
  );
  assert.equal(open, now, "what is never freed is what is left at the end");
  assert.ok((trace.notes.join(" ")).includes("3,990 tensors"));
});

test("a profiler trace keeps totals: live bytes follow the allocator's own counter", {
  skip: needsShared(KINETO),
}, async () => {
  const { trace, columns } = await read(sharedPath(KINETO));
  const tensors = gatherTensors([columns], trace.meta as TensorTraceMeta);
  const live = liveBytes(tensors);
  const events = (JSON.parse(sharedText(KINETO)).traceEvents as {
    name: string;
    args: Record<string, number>;
  }[]).filter((e) => e.name === "[memory]" && e.args["Device Type"] === 1);
  const peak = Math.max(...events.map((e) => e.args["Total Allocated"]));
  assert.equal(live.peakBytes, peak);
  assert.equal(trace.format, "kineto-tensors");
});

test("a trace of 2021 has no addresses: sizes pair allocations and frees, and it says so", {
  skip: needsShared(OLD),
}, async () => {
  const { trace } = await read(sharedPath(OLD));
  assert.match(trace.notes.join("\n"), /no addresses/);
  assert.match(trace.notes.join("\n"), /before the trace is not recorded/);
});

test("a profiler trace without memory events is refused with advice", {
  skip: needsShared(NO_MEMORY),
}, async () => {
  await assert.rejects(read(sharedPath(NO_MEMORY)), /no memory events/);
});

test("tensors are rebuilt from rows: the youngest of equal size ends first, increments change the category", async () => {
  const rows = [
    [-1, 1, 100, 0],
    [1000000000000000001, 2, 50, 7],
    [1000000000000000003, 2, 50, 7],
    [1000000000000000005, 3, -50, 7],
    [1000000000000000005, 3, 50, 4],
    [1000000000000000007, 4, -50, 7],
    [1000000000000000009, 4, -50, 4],
  ];
  // Digits, not doubles: these times differ by less than a double can tell.
  const text = `[[-1, 1, 100, 0], ${
    [1, 3, 5, 5, 7, 9].map((ns, i) =>
      `[100000000000000000${ns}, ${rows[i + 1].slice(1).join(", ")}]`
    )
      .join(", ")
  }]`;
  await withFile(text, async (path) => {
    const { columns, trace } = await read(path);
    assert.deepEqual([...columns.startNs], [0, 0, 2]);
    assert.deepEqual([...columns.endNs], [NaN, 6, 8]);
    assert.deepEqual([...columns.category], [0, 7, 4]);
    assert.equal((trace.meta as TensorTraceMeta).spanNs, 8);
  });
});

const BAD: readonly [string, string | Uint8Array, RegExp][] = [
  ["cut off", "[[-1, 1, 100, 0], [5, 2, 10", /:1:\d+: expected ",", found the end of the input/],
  ["unknown action", "[[-1, 1, 100, 0], [5, 9, 10, 0]]", /:1:23: expected an action from 1 to 4/],
  ["unknown category", "[[-1, 1, 100, 0], [5, 2, 10, 8]]", /expected a category from 0 to 7/],
  ["size out of range", "[[-1, 1, 100, 0], [5, 2, 99999999999999999999, 0]]", /below 2\^53/],
  ["something after it", "[[-1, 1, 100, 0]] x", /expected the end of the input/],
  ["no row", "", /0 bytes/],
  [
    "invalid UTF-8",
    Uint8Array.from([...new TextEncoder().encode("[[-1, 1, 1, 0]"), 0xff]),
    /UTF-8/,
  ],
  ["another kind", "arrival,input\n1,2\n", /no format|expected/],
  [
    "cut profiler trace",
    '{"schemaVersion": 1, "traceEvents": [{"name": "[memory]"',
    /not valid JSON/,
  ],
  [
    "layers without a column",
    "layer,forward_seconds,backward_seconds,parameter_bytes,activation_bytes,gradient_bytes\na,1,2,x,0,0\n",
    /:2:1: parameter_bytes is "x", not a number/,
  ],
  [
    "negative layer",
    "forward_seconds,backward_seconds,parameter_bytes,activation_bytes,gradient_bytes\n1,-2,4,0,0\n",
    /backward_seconds is "-2"/,
  ],
];

for (const [name, content, message] of BAD) {
  test(`refused with place and reason: ${name}`, async () => {
    await withFile(content, async (path) => {
      await assert.rejects(read(path), message);
    });
  });
}

test("a profile with a row a layer becomes a step with its layers", async () => {
  const csv =
    "layer,forward_seconds,backward_seconds,parameter_bytes,activation_bytes,gradient_bytes,micro_batches\n" +
    "a,1,2,4,0,4,3\nb,0.5,1,8,2,8,3\n";
  await withFile(csv, async (path) => {
    const { trace } = await read(path);
    const { step } = trace.meta as TensorTraceMeta;
    assert.equal(step!.microBatches, 3);
    assert.deepEqual(
      step!.layers.map((l) => [l.name, l.forwardSeconds, l.parameterBytes, l.parameters]),
      [
        ["a", 1, 4, 2],
        ["b", 0.5, 8, 4],
      ],
    );
  });
});
