import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { streamOnWorker } from "../../src/cli/import_stream.ts";
import { importTrace, openTrace } from "../../src/ingest/import_trace.ts";
import { SpillwayError } from "../../src/model/errors.ts";
import type { RequestColumns } from "../../src/model/trace/requests.ts";
import type { Trace, TraceStream } from "../../src/model/trace/trace.ts";
import { FORMATS } from "../../src/registry/formats.ts";
import { openStore } from "../../src/store/open.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-stream-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** More rows than a batch holds. */
const ROWS = 150_000;

function rows(): string {
  const lines: string[] = [];
  for (let i = 0; i < ROWS; i++) {
    const blocks = [i % 7, i, (i * 31) % 1000].slice(0, 1 + (i % 3));
    lines.push(
      `{"timestamp":${i},"input_length":${blocks.length * 512},"output_length":${i % 90},` +
        `"hash_ids":[${blocks}]}`,
    );
  }
  return lines.join("\n") + "\n";
}

const path = join(folder, "rows");
const text = rows();
writeFileSync(path, text);

async function flat(trace: Trace | TraceStream) {
  const out = { arrivalNs: [] as number[], outputTokens: [] as number[], blocks: [] as number[] };
  let batches = 0;
  for await (const batch of trace.batches()) {
    const c = batch as RequestColumns;
    batches++;
    for (const value of c.arrivalNs) out.arrivalNs.push(value);
    for (const value of c.outputTokens) out.outputTokens.push(value);
    for (const value of c.blockIds!) out.blocks.push(value);
  }
  return { batches, ...out };
}

for (const [where, elsewhere] of [["here", undefined], ["on a worker", streamOnWorker]] as const) {
  test(`a large trace streamed ${where} is the trace read whole`, async () => {
    const want = await importTrace(path, FORMATS);
    const { trace, close } = await openTrace(path, FORMATS, { largeBytes: 0 }, elsewhere);
    const got = await flat(trace);
    assert.deepEqual(got, await flat(want));
    assert.equal(got.batches, 3);
    const { rows, sha256, meta, notes } = (trace as TraceStream).finish();
    assert.deepEqual({ rows, sha256, meta, notes }, {
      rows: want.rows,
      sha256: want.sha256,
      meta: want.meta,
      notes: want.notes,
    });
    await close();
  });

  test(`a wrong row near the end of a large trace streamed ${where} leaves nothing stored`, async () => {
    const bad = join(folder, "bad");
    writeFileSync(bad, gzipSync(`${text}{"timestamp":1}\n`));
    const store = await openStore(join(folder, `${where}.duckdb`), { mode: "create" });
    const { trace, close } = await openTrace(bad, FORMATS, { largeBytes: 0 }, elsewhere);
    await assert.rejects(store.saveTrace(trace, "bad"), (error) => {
      assert.ok(error instanceof SpillwayError, String(error));
      assert.equal(error.kind, "data");
      assert.equal(error.message, `${bad}:${ROWS + 1}:1: the key "input_length" is missing`);
      return true;
    });
    await close();
    assert.deepEqual(await store.list(), []);
    assert.deepEqual((await store.query("SELECT count(*) FROM v_request")).rows, [[0]]);
    const good = await openTrace(path, FORMATS, { largeBytes: 0 }, elsewhere);
    assert.equal(await store.saveTrace(good.trace, "good"), "t1");
    await good.close();
    const stored = await store.query("SELECT count(*), sum(blocks), max(row) FROM v_request");
    assert.deepEqual(stored.rows[0], [ROWS, 300_000, ROWS - 1]);
    const [back, want] = [
      await flat(await store.trace("t1")),
      await flat(await importTrace(path, FORMATS)),
    ];
    assert.deepEqual({ ...back, batches: 0 }, { ...want, batches: 0 });
    await store.close();
  });
}

test("a large input without a row is refused at its end", async () => {
  const empty = join(folder, "empty");
  writeFileSync(empty, "\n".repeat(100));
  const { trace } = await openTrace(empty, FORMATS, { largeBytes: 0, format: "mooncake" });
  await assert.rejects(flat(trace), /holds no row of requests/);
});
