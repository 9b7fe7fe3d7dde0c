import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { loadTrace } from "../../../src/cli/load_trace.ts";
import type { AllocationTraceMeta } from "../../../src/model/trace/allocations.ts";
import { recordedConf } from "../../../src/replay/allocator/alloc_conf.ts";
import { OP, OpList } from "../../../src/replay/allocator/op_list.ts";
import { validate } from "../../../src/replay/allocator/validate.ts";
import { needsShared, sharedBytes, sharedPath } from "../../shared.ts";

const EVENTS = "fixtures/torch-events";
const skip = needsShared(EVENTS);
const files = skip ? [] : readdirSync(sharedPath(EVENTS)).filter((f) => f.endsWith(".json.gz"));

async function recording(file: string) {
  const trace = await loadTrace(sharedPath(`${EVENTS}/${file}`), {
    storePath: "/nonexistent.duckdb",
    kind: "allocations",
  });
  const ops = new OpList();
  for await (const batch of trace.batches()) {
    if (batch.kind === "allocations") ops.feed(batch, null);
  }
  return { ops, meta: trace.meta as AllocationTraceMeta };
}

const table = skip
  ? []
  : new TextDecoder().decode(sharedBytes(`${EVENTS}/VALIDATION.tsv`)).trim().split("\n")
    .map((line) => line.split("\t"));

for (const file of files) {
  test(`${file}: every recorded address and segment is reproduced`, async () => {
    const { ops, meta } = await recording(file);
    const row = table.find((r) => r[0] === file)!;
    const value = (name: string) => Number(row[table[0].indexOf(name)]);
    const v = validate(ops, meta, recordedConf(meta.allocatorSettings), ops.device!);
    assert.equal(v.firstDifference, null);
    assert.equal(v.addresses, value("allocs"));
    assert.equal(v.addressesMatched, value("allocs"));
    assert.equal(v.segments, value("seg_alloc_or_map"));
    assert.equal(v.segmentsMatched, value("seg_alloc_or_map"));
    assert.equal(v.releasesMissed, 0);
    assert.equal(v.allocator.stats.reserved, value("reserved_at_end"));
    assert.equal(v.allocator.stats.peakReserved, value("peak_reserved"));
  });
}

test(
  "a recording with one address changed is not reproduced, and the place is named",
  { skip },
  async () => {
    const { ops, meta } = await recording("cranberrii-ffe2e0c4-dev0.json.gz");
    const batch = ops.batches.at(-1)!;
    const row = batch.op.findLastIndex((op) => op === OP.alloc);
    const at = ops.count - batch.count + row;
    batch.address[row] += 512;
    const v = validate(ops, meta, recordedConf(meta.allocatorSettings), 0);
    assert.equal(v.addressesMatched, v.addresses - 1);
    assert.match(v.firstDifference!, new RegExp(`operation ${at}`));
  },
);
