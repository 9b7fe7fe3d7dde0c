import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadTrace } from "../../src/cli/load_trace.ts";
import { SpillwayError } from "../../src/model/errors.ts";
import type { AllocationTraceMeta } from "../../src/model/trace/allocations.ts";
import { TorchTraceBuilder } from "../../src/ingest/torch_events.ts";
import { MemoScan, parsePickle } from "../../src/parse/pickle.ts";
import { SnapshotReader } from "../../src/parse/torch_snapshot.ts";
import { parseAllocConf } from "../../src/replay/allocator/alloc_conf.ts";
import { OpList } from "../../src/replay/allocator/op_list.ts";
import { CachingAllocator } from "../../src/replay/allocator/caching.ts";
import { createDevice } from "../../src/replay/allocator/device.ts";
import { replayHeap } from "../../src/replay/allocator/heap_replay.ts";
import { needsShared, sharedBytes, sharedPath } from "../shared.ts";

const NO_STORE = { storePath: "/nonexistent.duckdb", kind: "allocations" as const };
const SNAPSHOTS = "fixtures/torch-snapshots";
const EVENTS = "fixtures/torch-events";

function filesOf(folder: string, ending: string): string[] {
  if (needsShared(folder)) return [];
  return readdirSync(sharedPath(folder)).filter((f) => f.endsWith(ending));
}

for (const file of filesOf(SNAPSHOTS, ".pickle")) {
  test(`the snapshot ${file} is read fully or refused with a sentence`, async () => {
    try {
      const trace = await loadTrace(sharedPath(`${SNAPSHOTS}/${file}`), NO_STORE);
      assert.ok(trace.rows > 0);
      assert.equal(trace.format, "pytorch-snapshot");
    } catch (error) {
      assert.ok(error instanceof SpillwayError && error.kind === "data", String(error));
      assert.match(error.message, /no usable trace|no memory snapshot/);
    }
  });
}

/** Traces that began on an empty allocator: a free-running replay gives the recorded number of segments. */
for (const file of filesOf(EVENTS, ".json.gz")) {
  test(`${file}: every allocation is replayed, and a trace from an empty allocator reserves what was recorded`, async () => {
    const trace = await loadTrace(sharedPath(`${EVENTS}/${file}`), NO_STORE);
    const device = Number(/-dev(\d+)/.exec(file)?.[1] ?? 0);
    const ops = new OpList();
    for await (const batch of trace.batches()) {
      if (batch.kind === "allocations") ops.feed(batch, device);
    }
    const meta = trace.meta as AllocationTraceMeta;
    const conf = parseAllocConf(String(meta.allocatorSettings?.PYTORCH_CUDA_ALLOC_CONF ?? ""));
    const allocator = new CachingAllocator(createDevice(2 ** 46), conf);
    replayHeap(ops, allocator);
    const s = allocator.stats;
    assert.equal(s.ooms, 0);
    assert.ok(s.peakRequested <= s.peakAllocated && s.peakAllocated <= s.peakReserved);
    const validation = new TextDecoder().decode(sharedBytes(`${EVENTS}/VALIDATION.tsv`));
    const [head, ...rows] = validation.trim().split("\n").map((l) => l.split("\t"));
    const row = rows.find((r) => r[0] === file)!;
    const value = (name: string) => row[head.indexOf(name)];
    const startsEmpty = value("init_live_blocks") === "0" && value("init_segments") === "0";
    if (
      startsEmpty && value("expandable") === "no" && value("oom") === "0" &&
      value("streams") === "1"
    ) {
      assert.equal(s.peakReserved, Number(value("peak_reserved")), "peak reserved bytes");
    }
  });
}

/** A pickle, protocol 2, of the given opcodes. */
function pickle(...codes: (number | string)[]): Uint8Array {
  const bytes = codes.flatMap((c) =>
    typeof c === "number" ? [c] : [...new TextEncoder().encode(c)]
  );
  return Uint8Array.from([0x80, 2, ...bytes, 0x2e]);
}

test("plain pickles of every opcode come back as their values", () => {
  assert.deepEqual(
    parsePickle(pickle(0x5d, 0x28, 0x4b, 7, 0x4d, 1, 1, 0x4a, 0xff, 0xff, 0xff, 0xff, 0x65), "p"),
    [7, 257, -1],
  );
  assert.deepEqual(
    parsePickle(pickle(0x7d, 0x58, 1, 0, 0, 0, "k", 0x4e, 0x73), "p"),
    new Map([["k", null]]),
  );
  assert.deepEqual(parsePickle(pickle(0x88, 0x89, 0x86), "p"), [true, false]);
  assert.equal(parsePickle(pickle(0x8a, 6, 0, 0, 0, 0, 0, 0x70), "p"), 0x70_0000_000000);
  assert.equal(parsePickle(pickle(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1), "p"), 1n << 64n);
  assert.equal(parsePickle(pickle(0x8a, 1, 0xfe), "p"), -2);
  assert.equal(parsePickle(pickle(0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), "p"), 1.5);
  assert.deepEqual(parsePickle(pickle(0x4b, 5, 0x71, 0, 0x68, 0, 0x86), "p"), [5, 5]);
});

for (
  const [name, codes] of [
    ["GLOBAL", [0x63, "os\nsystem\n"]],
    ["STACK_GLOBAL", [0x58, 2, 0, 0, 0, "os", 0x58, 6, 0, 0, 0, "system", 0x93]],
    ["REDUCE", [0x4e, 0x29, 0x52]],
    ["BUILD", [0x4e, 0x4e, 0x62]],
    ["INST", [0x28, 0x69, "os\nsystem\n"]],
    ["NEWOBJ", [0x4e, 0x29, 0x81]],
  ] as [string, (number | string)[]][]
) {
  test(`the opcode ${name}, which could build an object, is refused`, () => {
    assert.throws(() => parsePickle(pickle(...codes), "evil.pickle"), {
      kind: "data",
      message: new RegExp(`evil\\.pickle: byte \\d+: .*${name}.*refused`),
    });
  });
}

test("a snapshot cut at any place is refused with the byte, never half-read", {
  skip: needsShared(`${SNAPSHOTS}/silmont2000-small.pickle`),
}, () => {
  const whole = sharedBytes(`${SNAPSHOTS}/silmont2000-small.pickle`);
  const step = Math.max(1, Math.floor(whole.length / 300));
  for (let cut = 0; cut < whole.length; cut += step) {
    assert.throws(() => parsePickle(whole.subarray(0, cut), "cut"), { kind: "data" }, String(cut));
  }
});

const DAMAGED: readonly [string, Uint8Array][] = [
  ["an empty file", new Uint8Array()],
  ["a pickle of another thing", pickle(0x5d, 0x4b, 1, 0x61)],
  ["a pickle without segments", pickle(0x7d)],
  ["text", new TextEncoder().encode("hello\n")],
];

for (const [what, bytes] of DAMAGED) {
  test(`${what} is refused with exit code 4's kind of error`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-pickle-"));
    try {
      const path = join(folder, "x.pickle");
      writeFileSync(path, bytes);
      await assert.rejects(loadTrace(path, NO_STORE), { kind: "data" });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("a snapshot in many small pieces gives the same trace, with the places that allocated", {
  skip: needsShared(`${SNAPSHOTS}/silmont2000-small.pickle`),
}, () => {
  const whole = sharedBytes(`${SNAPSHOTS}/silmont2000-small.pickle`);
  const readIn = (size: number) => {
    const scan = new MemoScan();
    const builder = new TorchTraceBuilder();
    for (let at = 0; at < whole.length; at += size) scan.push(whole.subarray(at, at + size));
    const reader = new SnapshotReader("p", builder, scan.used);
    for (let at = 0; at < whole.length; at += size) reader.push(whole.subarray(at, at + size));
    return builder.finish(reader.end(), "p");
  };
  const once = readIn(whole.length);
  assert.ok(once.meta.sites!.some((site) => site.includes(".py:")));
  assert.ok(once.batches.some((b) => b.site?.some((site) => site >= 0)));
  for (const size of [7, 1000]) assert.deepEqual(readIn(size), once);
});

test("one list of events at once, as C++ pickles it, is taken event by event", () => {
  const text = (t: string) => [0x58, t.length, 0, 0, 0, t];
  const event = (action: string, address: number) => [
    ...[0x7d, 0x28, ...text("action"), ...text(action), ...text("addr"), 0x4b, address],
    ...[...text("size"), 0x4d, 0, 2, ...text("stream"), 0x4b, 0, 0x75],
  ];
  const events = [
    0x5d,
    0x28,
    ...event("alloc", 8),
    ...event("alloc", 16),
    ...event("oom", 1),
    0x65,
  ];
  const bytes = pickle(
    ...[0x7d, 0x28, ...text("segments"), 0x5d, ...text("device_traces")],
    // Two GPUs; the first has no event.
    ...[0x5d, 0x28, 0x5d, ...events, 0x65, 0x75],
  );
  const seen: [number, string, number][] = [];
  const reader = new SnapshotReader("p", {
    segment: () => assert.fail("there is no segment"),
    event: (device, e) => seen.push([device, e.action, e.address]),
  });
  reader.push(bytes);
  assert.equal(reader.end(), null);
  assert.deepEqual(seen, [[1, "alloc", 8], [1, "alloc", 16], [1, "oom", 1]]);
});
