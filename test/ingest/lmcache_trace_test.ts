import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encode } from "@msgpack/msgpack";
import { importTrace } from "../../src/ingest/import_trace.ts";
import type { RequestColumns } from "../../src/model/trace/requests.ts";
import type { Trace } from "../../src/model/trace/trace.ts";
import { FORMATS } from "../../src/registry/formats.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-lct-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A frame as LMCache's recorder writes it: length, most significant byte first, then msgpack. */
function frame(value: unknown): Buffer {
  const body = encode(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

const header = (more: object = {}) =>
  frame({
    type: "header",
    magic: new TextEncoder().encode("LMCT"),
    format_version: 1,
    level: "storage",
    lmcache_version: "0.4.4",
    t_mono_start: 1000.5,
    t_wall_start: 1.7e9,
    sm_config_json: "",
    sm_config_digest: "",
    ...more,
  });

const key = (chunk: number, rank = 0, group = 0) => ({
  __t__: "ObjectKey",
  v: {
    chunk_hash: new Uint8Array([chunk, 0xff]),
    model_name: "org/m",
    kv_rank: rank,
    object_group_id: group,
  },
});

const layout = (tokens: number, dtype = "torch.bfloat16") => ({
  __t__: "MemoryLayoutDesc",
  v: { shapes: [[2, 32, tokens, 1024]], dtypes: [dtype] },
});

const record = (seconds: number, call: string, args: object) =>
  frame({
    type: "record",
    t_mono: seconds,
    t_wall: 1.7e9 + seconds,
    qualname: `lmcache.v1.distributed.storage_manager.StorageManager.${call}`,
    args,
  });

async function read(...frames: Buffer[]) {
  const path = join(folder, "trace");
  writeFileSync(path, Buffer.concat(frames));
  const trace = await importTrace(path, FORMATS) as Trace<"requests">;
  const batches: RequestColumns[] = [];
  for await (const batch of trace.batches()) batches.push(batch);
  return { trace, columns: batches[0], notes: trace.notes.join("\n") };
}

const lists = ({ blockOffsets, blockIds, count }: RequestColumns) =>
  Array.from({ length: count }, (_, i) => [
    ...blockIds!.subarray(blockOffsets![i], blockOffsets![i + 1]),
  ]);

test("look-ups of every release's arguments become requests of the same chunks", async () => {
  const spec = (keys: object[]) => ({ __t__: "PrefetchRequestSpec", v: { keys } });
  const groups = (keys: object[]) => [{ keys, object_group_id: 0, layout_desc: layout(512) }];
  const { trace, columns, notes } = await read(
    header(),
    record(2, "submit_prefetch_task", { keys: [key(1), key(2)], layout_desc: layout(512) }),
    record(2.5, "reserve_write", {
      keys: [key(1), key(2)],
      layout_desc: layout(512),
      mode: "new",
    }),
    record(2.75, "finish_write", { keys: { __t__: "tuple", v: [key(1), key(2)] } }),
    record(3, "submit_prefetch_task", {
      spec: spec([key(1, 0), key(1, 1), key(3, 0), key(3, 1)]),
    }),
    record(4.5, "submit_prefetch_task", { spec: { key_groups: groups([key(1), key(2), key(4)]) } }),
  );
  assert.equal(trace.format, "lmcache-trace");
  assert.deepEqual(lists(columns), [[0, 1], [0, 2], [0, 1, 3]]);
  assert.deepEqual([...columns.arrivalNs], [0, 1e9, 2.5e9]);
  assert.deepEqual([...columns.inputTokens], [1024, 1024, 1536]);
  assert.equal(trace.meta.blockTokens, 512);
  assert.equal(trace.meta.uniqueBlocks, 4);
  // 2 objects of 2 * 32 * 512 * 1024 values of two bytes.
  assert.match(notes, /3 look-ups of 7 chunks, 4 distinct \(LMCache 0\.4\.4\)/);
  assert.match(notes, /1 store of 2 objects of 128 MiB, 1 other call/);
  assert.match(notes, /up to 2 objects .* are one chunk/);
  assert.doesNotMatch(notes, /org\/m|assumed/);
});

test("what is not said is assumed by name; prefetches of no request are left out", async () => {
  const mode = (name: string) => ({ __t__: "PrefetchMode", v: name });
  const { trace, columns, notes } = await read(
    header(),
    record(5, "submit_prefetch_task", { keys: [key(9)], mode: mode("LOOKUP") }),
    record(4, "submit_prefetch_task", { keys: [key(7), key(8)], mode: mode("LOOKUP") }),
    record(6, "submit_prefetch_task", { keys: [key(7)], mode: mode("WARM_UP") }),
    record(7, "reserve_write", { keys: [key(9)], layout_desc: layout(256, "torch.unheard_of") }),
  );
  assert.deepEqual(lists(columns).map((l) => l.length), [2, 1], "in the order of time");
  assert.equal(trace.meta.blockTokens, 256);
  assert.match(notes, /1 store of 1 object,/, "the size of an unknown data type stays unknown");
  assert.match(notes, /1 prefetch of no request left out/);
  assert.match(notes, /rows stood out of order/);
  const bare = await read(header(), record(1, "submit_prefetch_task", { keys: [key(1)] }));
  assert.match(bare.notes, /does not say the chunk size: 256 tokens assumed/);
});

test("a recorder that was killed leaves a whole trace but for its last record", async () => {
  const cut = record(2, "submit_prefetch_task", { keys: [key(2)] });
  const { trace, notes } = await read(
    header(),
    record(1, "submit_prefetch_task", { keys: [key(1)] }),
    cut.subarray(0, cut.length - 9),
  );
  assert.equal(trace.rows, 1);
  assert.match(notes, new RegExp(`ends inside a record: its last ${cut.length - 9} bytes`));
});

test("other versions and levels, damage and traces without look-ups are refused", async () => {
  const look = record(1, "submit_prefetch_task", { keys: [key(1)] });
  const refused = (pattern: RegExp, ...frames: Buffer[]) =>
    assert.rejects(read(...frames), (error: Error & { kind: string }) => {
      assert.equal(error.kind, "data");
      assert.match(error.message, pattern);
      return true;
    });
  await refused(
    /record 0: the format has version 2, expected 1/,
    header({ format_version: 2 }),
    look,
  );
  await refused(/the trace has the level "gpu"/, header({ level: "gpu" }), look);
  await refused(/1 call and no look-up/, header(), record(1, "finish_write", { keys: [key(1)] }));
  await refused(/record 1: the record has no time/, header(), frame({ qualname: "x" }));
  await refused(/record 1: the record is no m/, header(), Buffer.from([0, 0, 0, 1, 0xc1]));
  await refused(/a record of 4294967295 bytes/, header(), Buffer.alloc(8, 0xff));
  await refused(
    /chunks of 256 and 512 tokens/,
    header(),
    look,
    record(2, "reserve_write", { keys: [key(1)], layout_desc: layout(256) }),
    record(2, "reserve_write", { keys: [key(1)], layout_desc: layout(512) }),
  );
});
