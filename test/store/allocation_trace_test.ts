import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { importTrace } from "../../src/ingest/import_trace.ts";
import type { AllocationTraceMeta } from "../../src/model/trace/allocations.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import { openStore } from "../../src/store/open.ts";
import { withFile } from "../replay/allocator/ops_replay.ts";

const OPS = [
  '{"op":"alloc","id":0,"bytes":100,"pool":3,"site":"layer 1"}',
  '{"op":"alloc","id":1,"bytes":200,"tUs":4,"stream":16}',
  '{"op":"free","id":0}',
].join("\n");

test("a stored allocation trace keeps private pools and the places that allocate", async () => {
  await withFile("ops.jsonl", OPS, async (path) => {
    const store = await openStore(join(dirname(path), "s.duckdb"), { mode: "create" });
    try {
      await store.saveTrace(await importTrace(path, FORMATS), "ops");
      const trace = await store.trace("ops");
      const meta = trace.meta as AllocationTraceMeta;
      assert.deepEqual(meta.sites, ["layer 1"]);
      for await (const batch of trace.batches()) {
        assert.ok(batch.kind === "allocations");
        assert.deepEqual([...batch.pool!], [3, 0, 0]);
        assert.deepEqual([...batch.site!], [0, -1, -1]);
        assert.deepEqual([...batch.size], [100, 200, 0]);
      }
    } finally {
      await store.close();
    }
  });
});
