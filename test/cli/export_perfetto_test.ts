import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readTraceEvents } from "../chrome_trace.ts";
import { spillway } from "../spillway.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-perfetto-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function exported(file: string, text: string) {
  writeFileSync(join(folder, file), text);
  const imported = spillway(["import", file, "--name", file], { cwd: folder });
  assert.equal(imported.code, 0, imported.stderr);
  const ran = spillway(["export", file, "--format", "perfetto"], { cwd: folder });
  assert.equal(ran.code, 0, ran.stderr);
  return readTraceEvents(ran.stdout).filter((e) => e.ph !== "M");
}

test("requests become instants at their arrival, with their tokens", () => {
  const events = exported(
    "requests.jsonl",
    '{"timestamp":3,"input_length":513,"output_length":1,"hash_ids":[10,11]}\n',
  );
  assert.deepEqual(events.map((e) => [e.ph, e.ts, e.args?.inputTokens]), [["i", 3000, 513]]);
});

test("allocations become a counter of live bytes a device", () => {
  const events = exported(
    "ops.jsonl",
    '{"op":"alloc","id":1,"bytes":512,"stream":0,"tUs":1}\n' +
      '{"op":"alloc","id":2,"bytes":100,"stream":0,"tUs":2}\n' +
      '{"op":"free","id":1,"tUs":4}\n',
  );
  assert.deepEqual(
    events.map((e) => [e.ph, e.ts, e.args?.bytes]),
    [["C", 0, 512], ["C", 1, 612], ["C", 3, 100]],
  );
});

test("repairs of one node that overlap stay whole", () => {
  const events = exported(
    "faults.csv",
    "node,kind,start,down\n7,gpu,2026-01-01T00:00:00,100s\n" +
      "7,node,2026-01-01T00:00:50,100s\n8,gpu,2026-01-01T00:01:00,\n",
  );
  const spans = events.filter((e) => e.ph === "b" || e.ph === "e");
  assert.deepEqual(spans.map((e) => e.ts / 1e6), [0, 100, 50, 150]);
  assert.equal(events.filter((e) => e.ph === "i").length, 1);
});

test("tensors of a step begin, and end where they are freed", () => {
  const events = exported(
    "layers.csv",
    "layer,forward_seconds,backward_seconds,parameter_bytes,activation_bytes,gradient_bytes\n" +
      "a,1,2,100,10,100\nb,1,2,100,10,100\n",
  );
  const activations = events.filter((e) => e.name === "activation");
  assert.deepEqual(activations.map((e) => e.ph), ["b", "e", "b", "e"]);
  assert.ok(events.filter((e) => e.name === "parameter").every((e) => e.ph === "b"));
});

test("samples of a data set and readings of a scraped page are drawn too", () => {
  const reads = exported("set.csv", "path,bytes,samples\na,100,2\nb,50,1\n");
  assert.deepEqual(
    reads.map((e) => [e.args?.file, e.args?.bytes]),
    [["a", 50], ["a", 50], ["b", 50]],
  );
  const counters = exported(
    "page.prom",
    "# TYPE vllm:num_requests_running gauge\n" +
      'vllm:num_requests_running{engine="0"} 4\n',
  );
  assert.deepEqual(counters.map((e) => e.ph), ["C"]);
});
