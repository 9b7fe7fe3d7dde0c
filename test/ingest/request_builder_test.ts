import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DenseIds } from "../../src/ingest/dense_ids.ts";
import { RequestBuilder } from "../../src/ingest/request_builder.ts";
import type { RequestColumns } from "../../src/model/trace/requests.ts";
import { decodeRuns, encodeRuns } from "../../src/store/columns/block_runs.ts";

const list = fc.array(fc.oneof(fc.nat(20), fc.nat(4294967295)), { maxLength: 30 });
/** Lists that repeat the beginning of the one before, as prompts do. */
const lists = fc.array(fc.tuple(fc.nat(30), list), { maxLength: 40 }).map((parts) => {
  const out: number[][] = [];
  for (const [keep, fresh] of parts) out.push([...(out.at(-1) ?? []).slice(0, keep), ...fresh]);
  return out;
});

async function collect(batches: AsyncIterable<RequestColumns> | Iterable<RequestColumns>) {
  const out: number[][] = [];
  for await (const c of batches) {
    for (let i = 0; i < c.count; i++) {
      out.push([...c.blockIds!.subarray(c.blockOffsets![i], c.blockOffsets![i + 1])]);
    }
  }
  return out;
}

function built(want: number[][]): RequestBuilder {
  const builder = new RequestBuilder(true);
  const row = {
    arrivalNs: 0,
    inputTokens: 0,
    outputTokens: 0,
    session: -1,
    turn: -1,
    thinkNs: NaN,
  };
  for (const ids of want) builder.add(row, Uint32Array.from(ids), ids.length);
  return builder;
}

test("block lists come back from the builder as they went in, twice over and when taken", async () => {
  await fc.assert(fc.asyncProperty(lists, async (want) => {
    const builder = built(want);
    assert.deepEqual(await collect(builder.batches()), want);
    assert.deepEqual(await collect(builder.batches()), want);
    assert.deepEqual(await collect(built(want).take(true)), want);
    assert.equal(builder.references, want.flat().length);
  }));
});

test("block lists come back from runs as they went in", () => {
  fc.assert(fc.property(lists, (want) => {
    const offsets = new Uint32Array(want.length + 1);
    want.forEach((ids, i) => offsets[i + 1] = offsets[i] + ids.length);
    const values = Uint32Array.from(want.flat());
    const back = decodeRuns(encodeRuns(offsets, values));
    assert.deepEqual([...back.offsets], [...offsets]);
    assert.deepEqual([...back.values], [...values]);
  }));
});

test("lists over many batches keep their order", async () => {
  const want = Array.from({ length: 70_000 }, (_, i) => [i % 5, i, 7]);
  assert.deepEqual(await collect(built(want).batches()), want);
});

test("dense ids are given in order of first appearance, for small, large and endless numbers", () => {
  const id = fc.oneof(
    fc.nat(50),
    fc.nat(2 ** 31 - 1),
    fc.maxSafeNat(),
    fc.bigInt({ min: 2n ** 53n }).map(String),
  );
  fc.assert(fc.property(fc.array(id), (ids) => {
    const dense = new DenseIds();
    const known = new Map<number | string, number>();
    for (const value of ids) {
      if (!known.has(value)) known.set(value, known.size);
      assert.equal(dense.of(value), known.get(value));
    }
    assert.equal(dense.next, known.size);
    dense.clear();
    if (ids.length > 0) assert.equal(dense.of(ids[0]), known.size);
  }));
});
