import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { importTrace } from "../../src/ingest/import_trace.ts";
import type { AllocationTraceMeta } from "../../src/model/trace/allocations.ts";
import type { TensorTraceMeta } from "../../src/model/trace/tensors.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import {
  gatherTensors,
  liveBytes,
  type RecordedColumns,
  type Tensors,
} from "../../src/replay/training/recorded.ts";
import { needsShared, sharedPath, sharedText } from "../shared.ts";

const HTA = "traces/torch/hta_memory_timeline.raw.json.gz";
const KINETO = ["vit", "qwen1.5-0.5b", "timesformer", "bert-small"].map((name) =>
  `fixtures/kineto/tracelens-h100-${name}.json.gz`
);
const OLD = "fixtures/kineto/kineto-v100-resnet50-nw0-2021.json.gz";
const NO_MEMORY = "fixtures/kineto/hta-simple_add-nomem.json.gz";

async function read(path: string): Promise<{ trace: Trace; tensors: Tensors }> {
  const trace = await importTrace(path, FORMATS);
  assert.ok(trace.kind === "allocations" || trace.kind === "tensors", trace.kind);
  const batches: RecordedColumns[] = [];
  for await (const columns of trace.batches()) batches.push(columns as RecordedColumns);
  return { trace, tensors: gatherTensors(batches, trace.meta as AllocationTraceMeta) };
}

async function withFile(content: string, work: (path: string) => Promise<void>) {
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
  const { tensors } = await read(sharedPath(HTA));
  // Independently: sums of signed rows at the end of each time.
  const rows = JSON.parse(sharedText(HTA)) as [number, number, number, number][];
  const sums = new Map<number, number>();
  let now = 0;
  for (const [time, action, bytes] of rows) {
    now += action === 4 ? -Math.abs(bytes) : bytes;
    sums.set(time, now);
  }
  assert.equal(liveBytes(tensors).peakBytes, Math.max(...sums.values()));
  const open = tensors.bytes.reduce(
    (sum, bytes, i) => sum + (Number.isFinite(tensors.end[i]) ? 0 : bytes),
    0,
  );
  assert.equal(open, now, "what is never freed is what is left at the end");
});

for (const file of KINETO) {
  test(`${file}: live bytes peak where the allocator's own counter does`, {
    skip: needsShared(file),
  }, async () => {
    const { tensors } = await read(sharedPath(file));
    const events = (JSON.parse(sharedText(file)).traceEvents as {
      name: string;
      args: Record<string, number>;
    }[]).filter((e) => e.name === "[memory]" && e.args["Device Type"] === 1);
    const peak = Math.max(...events.map((e) => e.args["Total Allocated"]));
    assert.equal(liveBytes(tensors).peakBytes, peak);
  });
}

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
  await assert.rejects(read(sharedPath(NO_MEMORY)), /no \[memory\] event/);
});

test("bytes that only the allocator's counter tells of stay through a profiler trace", async () => {
  const event = (ts: number, bytes: number, address: number, total: number) => ({
    name: "[memory]",
    ph: "i",
    ts,
    args: {
      "Device Type": 1,
      "Device Id": 0,
      Addr: address,
      Bytes: bytes,
      "Total Allocated": total,
    },
  });
  const traceEvents = [
    event(2, 50, 1024, 1050),
    event(3, -300, 2048, 750),
    event(5, -50, 1024, 700),
  ];
  await withFile(JSON.stringify({ schemaVersion: 1, traceEvents }), async (path) => {
    const { trace, tensors } = await read(path);
    // 1000 B before: 300 B are freed at 1 us, 700 B never.
    assert.deepEqual([...tensors.bytes].sort((a, b) => a - b), [50, 300, 700]);
    assert.equal(liveBytes(tensors).peakBytes, 1050);
    assert.match(trace.notes.join("\n"), /700 B on device 0 from before the trace stay/);
    const { heldBefore } = trace.meta as AllocationTraceMeta;
    assert.deepEqual(heldBefore, [{ device: 0, bytes: 700 }]);
  });
});

test("tensors are rebuilt from rows: the youngest of equal size ends first, increments change the category", async () => {
  // Digits, not doubles: these times differ by less than a double can tell.
  const text = `[[-1, 1, 100, 0], ${
    ["1, 2, 50, 7", "3, 2, 50, 7", "5, 3, -50, 7", "5, 3, 50, 4", "7, 4, -50, 7", "9, 4, -50, 4"]
      .map((row) => `[100000000000000000${row}]`).join(", ")
  }]`;
  await withFile(text, async (path) => {
    const { tensors } = await read(path);
    assert.deepEqual([...tensors.start], [0, 0, 2e-9]);
    assert.deepEqual([...tensors.end], [Infinity, 6e-9, 8e-9]);
    assert.equal(tensors.seconds, 8e-9);
  });
});

const BAD: readonly [string, string, RegExp][] = [
  ["cut off", "[[-1, 1, 100, 0], [5, 2, 10", /:1:1: the JSON ends in the middle/],
  [
    "unknown action",
    "[[-1, 1, 100, 0], [5, 9, 10, 0]]",
    /expected \[time, action 1 to 4.*5, 9, 10, 0/,
  ],
  [
    "unknown category",
    "[[-1, 1, 100, 0], [5, 2, 10, 8]]",
    /category 0 to 7\], but found \[5, 2, 10, 8/,
  ],
  [
    "size out of range",
    "[[-1, 1, 1, 0], [5, 2, 99999999999999999999, 0]]",
    /but found \[5, 2, 99999/,
  ],
  ["no event with a time", "[[-1, 1, 100, 0]]", /has no times, so nothing can be planned/],
  ["no row", "", /0 bytes/],
  ["another kind", "arrival,input\n1,2\n", /no format|expected/],
  [
    "cut profiler trace",
    '{"schemaVersion": 1, "traceEvents": [{"name": "[memory]"',
    /the JSON ends in the middle/,
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
