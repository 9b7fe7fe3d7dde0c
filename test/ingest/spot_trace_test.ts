import assert from "node:assert/strict";
import { test } from "node:test";
import { format } from "../../src/ingest/formats/spot_trace.ts";
import type { ImportInput } from "../../src/ingest/importer.ts";
import { FAULT_KINDS } from "../../src/model/trace/faults.ts";
import { needsShared, sharedBytes } from "../shared.ts";

function inputOf(bytes: Uint8Array): ImportInput {
  return {
    label: "spot.csv",
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

function headOf(text: string) {
  return { bytes: bytesOf(text), text, complete: true };
}

const REAL = "traces/faults/oobleck/oobleck_1h.csv";

test("a real spot trace is detected and read", { skip: needsShared(REAL) }, async () => {
  const bytes = sharedBytes(REAL);
  assert.ok(format.detect(headOf(new TextDecoder().decode(bytes))) > 0.9);
  const trace = await format.read(inputOf(bytes));
  assert.equal(trace.rows, 45);
  assert.equal(trace.meta.nodeCount, 30);
  assert.equal(trace.meta.spanSeconds, 54_000);
  for await (const batch of trace.batches()) {
    assert.equal(FAULT_KINDS[batch.faultKind[0]], "node_added");
    assert.equal(FAULT_KINDS[batch.faultKind[44]], "preemption");
    assert.equal(batch.startSeconds[44], 54_000);
  }
});

const DAMAGED: readonly (readonly [what: string, text: string, error: RegExp])[] = [
  ["an empty file", "", /empty/],
  ["a truncated line", "0,add,n1\n60000,rem", /spot\.csv:2:1.*not "milliseconds/],
  ["another kind of file", "{}\n", /not "milliseconds/],
  ["a time out of range", `0,add,n1\n${"9".repeat(20)},remove,n1\n`, /out of range/],
  ["descending times", "60000,add,n1\n0,add,n2\n", /after one at/],
  ["a node that was never there", "0,remove,n1\n", /never added/],
  ["a node that comes twice", "0,add,n1\n5,add,n1\n", /added twice/],
];

for (const [what, text, error] of DAMAGED) {
  test(`a spot trace with ${what} is refused`, async () => {
    await assert.rejects(format.read(inputOf(bytesOf(text))), error);
  });
}

test("invalid UTF-8 in a spot trace is refused", async () => {
  const bytes = new Uint8Array([...bytesOf("0,add,n"), 0xff, 0x0a]);
  await assert.rejects(format.read(inputOf(bytes)), /UTF-8/);
});
