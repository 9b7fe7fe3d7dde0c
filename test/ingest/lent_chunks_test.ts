import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImportInput } from "../../src/ingest/importer.ts";
import type { TraceColumns, TraceKind } from "../../src/model/trace/trace.ts";
import { FORMATS } from "../../src/registry/formats.ts";

/** One buffer for all chunks, wiped after each: who keeps the file instead of reading it has nothing left. */
function lentInput(text: string, chunkBytes: number): ImportInput & { given: number } {
  const bytes = new TextEncoder().encode(text);
  const input = {
    label: "lent",
    path: null,
    gzip: false,
    sizeBytes: bytes.length,
    given: 0,
    sha256: () => Promise.resolve("0".repeat(64)),
    async *chunks() {
      input.given = 0;
      const buffer = new Uint8Array(chunkBytes);
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        const part = await Promise.resolve(bytes.subarray(at, at + chunkBytes));
        buffer.set(part);
        input.given += part.length;
        yield buffer.subarray(0, part.length);
        buffer.fill(0);
      }
    },
  };
  return input;
}

async function checksum(
  batches: AsyncIterable<TraceColumns<TraceKind>>,
): Promise<[number, number]> {
  let [rows, sum] = [0, 0];
  for await (const batch of batches) {
    rows += batch.count;
    const sizes = batch.kind === "allocations"
      ? batch.size
      : batch.kind === "requests"
      ? batch.inputTokens
      : [];
    for (let i = 0; i < batch.count; i++) sum += sizes[i];
  }
  return [rows, sum];
}

const ROWS = 3000;
const numbers = Array.from({ length: ROWS }, (_, i) => i);

const memoryEvent = (i: number) =>
  `{"ph":"i","name":"[memory]","ts":${i},"args":{"Device Type":1,"Device Id":0,"Addr":${
    4096 * (1 + (i >> 1))
  },"Bytes":${i % 2 === 0 ? 512 : -512}}}`;

const FILES: Readonly<Record<string, string>> = {
  "kineto": `{"schemaVersion":1,"traceEvents":[${numbers.map(memoryEvent).join(",")}]}`,
  "memory-timeline": `[${numbers.map((i) => `[${i},2,512,4]`).join(",")}]`,
  "torch-events": `{"segments":[],"device_traces":[[${
    numbers.map((i) => `["alloc",${4096 * i},512,0,${i}]`).join(",")
  }]]}`,
  "rmm-log": [
    "Thread,Time,Action,Pointer,Size,Stream",
    ...numbers.map((i) =>
      `1,10:00:00:${String(i).padStart(6, "0")},${i % 2 === 0 ? "allocate" : "free"},0x${
        (4096 + (i >> 1)).toString(16)
      },512,0x0`
    ),
  ].join("\n"),
  "allocation-ops": numbers.map((i) => `{"op":"alloc","id":${i},"bytes":512}`).join("\n"),
  "static-alloc": ["id,lower,upper,size", ...numbers.map((i) => `${i},${i},${i + 1},512`)].join(
    "\n",
  ),
  "mooncake": numbers.map((i) =>
    `{"timestamp":${i},"input_length":512,"output_length":5,"hash_ids":[${i}]}`
  ).join("\n"),
  "azure-llm": [
    "TIMESTAMP,ContextTokens,GeneratedTokens",
    ...numbers.map((i) => `2023-11-16 18:00:00.${String(i).padStart(7, "0")},512,5`),
  ].join("\n"),
  "requests-csv": [
    "arrival,input_tokens,output_tokens",
    ...numbers.map((i) => `${i},512,5`),
  ].join("\n"),
};

for (const [name, text] of Object.entries(FILES)) {
  test(`${name} is read as it comes: the bytes are only lent`, async () => {
    const format = await FORMATS.find((f) => f.name === name)!.load();
    const trace = await format.read(lentInput(text, 1000));
    const whole = await format.read(lentInput(text, text.length));
    const expected = await checksum(whole.batches());
    assert.ok(expected[0] >= ROWS && expected[1] >= ROWS * 512);
    assert.deepEqual(await checksum(trace.batches()), expected);
  });
}

for (const name of ["allocation-ops", "rmm-log", "mooncake"]) {
  test(`${name} can be stored while it is read: the first batch is there before the end`, async () => {
    const format = await FORMATS.find((f) => f.name === name)!.load();
    const lines = FILES[name].split("\n");
    const [head, body] = name === "rmm-log" ? [lines.slice(0, 1), lines.slice(1)] : [[], lines];
    // More rows than any batch holds; ids and addresses come again.
    const copies = 100;
    const text = name === "allocation-ops"
      ? Array.from({ length: copies * ROWS }, (_, i) => `{"op":"alloc","id":${i},"bytes":512}`)
        .join("\n")
      : name === "mooncake"
      ? Array.from(
        { length: copies },
        (_, k) =>
          body.map((line) => line.replace(/"timestamp":\d+/, `"timestamp":${k * ROWS}`)).join("\n"),
      )
        .join("\n")
      : [
        ...head,
        ...Array.from(
          { length: copies },
          () => body.map((line) => line.replace(/10:00:00:\d+/, "10:00:00:000001")),
        ).flat(),
      ].join("\n");
    const input = lentInput(text, 10_000);
    const stream = format.stream!(input);
    let first = Infinity;
    let rows = 0;
    for await (const batch of stream.batches()) {
      first = Math.min(first, input.given);
      rows += batch.count;
    }
    assert.ok(
      first < text.length / 2,
      `the first batch came after ${first} of ${text.length} bytes`,
    );
    assert.equal(rows, copies * ROWS);
    assert.equal(stream.finish().rows, rows);
  });
}

test("a log that begins in the middle is stored as it is read whole: what was live stands in front", async () => {
  const text = [
    "Thread,Time,Action,Pointer,Size,Stream",
    "1,10:00:00:000001,allocate,0x1000,100,0x0",
    "1,10:00:00:000002,free,0x2000,200,0x10",
    "1,10:00:00:000003,free,0x1000,100,0x0",
    "1,10:00:00:000004,free,0x3000,300,0x0",
  ].join("\n");
  const format = await FORMATS.find((f) => f.name === "rmm-log")!.load();
  const rowsOf = async (batches: AsyncIterable<TraceColumns<TraceKind>>) => {
    const rows: number[][] = [];
    for await (const b of batches) {
      if (b.kind !== "allocations") continue;
      for (let i = 0; i < b.count; i++) rows.push([b.op[i], b.id[i], b.size[i], b.stream[i]]);
    }
    return rows;
  };
  const whole = await format.read(lentInput(text, 50));
  const stream = format.stream!(lentInput(text, 50));
  const streamed = await rowsOf(stream.batches());
  assert.deepEqual(streamed, await rowsOf(whole.batches()));
  assert.deepEqual(streamed[0], [0, 1, 200, 1]);
  const { meta, rows, notes } = stream.finish();
  assert.deepEqual({ meta, rows, notes }, {
    meta: whole.meta,
    rows: whole.rows,
    notes: whole.notes,
  });
});
