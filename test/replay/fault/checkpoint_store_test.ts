import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hardwareProfileSchema } from "../../../src/model/profiles/hardware.ts";
import { JOB_PARAMS } from "../../../src/replay/fault/params.ts";
import {
  loadCost,
  nodeDrives,
  PATTERNS,
  saveCost,
  withHardwarePath,
} from "../../../src/replay/fault/save_path.ts";
import { tierSeconds } from "../../../src/replay/shared/storage_tier.ts";
import { z } from "zod";

// The same cases every time: a test must not fail by the luck of a draw.
fc.configureGlobal({ seed: 20 });

const params = z.strictObject(JOB_PARAMS);

function pathOf(set: Record<string, unknown>, hardware: unknown = null) {
  const p = params.parse({ bytes: 1e12, gpusPerNode: 8, ...set });
  const profile = hardware === null ? null : hardwareProfileSchema.parse(hardware);
  return { ...withHardwarePath(p, profile), gpus: 64, useful: 1 };
}

const assumed = (value: number) => ({ value, evidence: "assumed", source: "test" });
const remote = {
  name: "fs",
  capacityBytes: 1e15,
  readBytesPerSecond: assumed(4e10),
  writeBytesPerSecond: assumed(2e10),
  writeIops: assumed(1000),
  metadataPerSecond: assumed(0.5),
};

test("a save takes what its bytes, its writes or its files take, the slowest of them", () => {
  const alone = { writeBandwidth: 1e11 };
  assert.equal(saveCost(pathOf(alone)).seconds, 10);
  // 64 files of 15.625 GB in writes of 1 GB: 16 each.
  const cut = pathOf({ ...alone, requestBytes: 1e9, storeOperations: 32 });
  assert.deepEqual(saveCost(cut).work, { bytes: 1e12, requests: 1024, metadata: 64 });
  assert.equal(saveCost(cut).seconds, 32);
  assert.equal(saveCost(pathOf({ ...alone, storeMetadata: 2 })).seconds, 32);
  // One file: the bandwidth decides again.
  const one = pathOf({ ...alone, storeMetadata: 2, pattern: "aggregated" });
  assert.equal(saveCost(one).seconds, 10);
});

test("each pattern asks the same tier for its own bytes and files", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...PATTERNS),
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 1e9, max: 1e12, noNaN: true }),
      fc.double({ min: 0.1, max: 1e5, noNaN: true }),
      fc.double({ min: 0.1, max: 1e5, noNaN: true }),
      (pattern, dataParallel, rate, operations, files) => {
        const p = pathOf({
          pattern,
          dataParallel,
          writeBandwidth: rate,
          readBandwidth: rate,
          storeOperations: operations,
          storeMetadata: files,
        });
        const [save, load] = [saveCost(p), loadCost(p)];
        assert.equal(save.seconds, tierSeconds(p.store, save.work, "write"));
        assert.equal(load.seconds, tierSeconds(p.store, load.work));
        assert.equal(save.work.bytes, 1e12 * (pattern === "per-rank" ? dataParallel : 1));
        assert.equal(save.work.metadata, pattern === "aggregated" ? 1 : 64);
      },
    ),
  );
});

test("a store nobody describes gives no time, one of a profile gives its own", () => {
  assert.equal(saveCost(pathOf({})).seconds, null);
  assert.equal(loadCost(pathOf({ writeBandwidth: 1e10 })).seconds, null);
  const profiled = pathOf({}, { name: "m", remote });
  // 64 files at half a file a second.
  assert.equal(saveCost(profiled).seconds, 128);
  assert.equal(saveCost(pathOf({ storeMetadata: 1e6 }, { name: "m", remote })).seconds, 50);
  assert.equal(loadCost(pathOf({ storeMetadata: 1e6 }, { name: "m", remote })).seconds, 25);
});

test("the drives of a node are one tier, whatever kinds there are", () => {
  const drive = (count: number, rate: number) => ({
    name: `d${rate}`,
    count,
    capacityBytes: 1e12,
    readBytesPerSecond: assumed(rate),
    writeBytesPerSecond: assumed(rate),
  });
  const profile = hardwareProfileSchema.parse({ name: "m", ssds: [drive(2, 3e9), drive(1, 4e9)] });
  assert.equal(nodeDrives(profile, 1).writeBytesPerSecond, 1e10);
  assert.equal(nodeDrives(profile, 1).capacityBytes, 3e12);
  assert.equal(nodeDrives(null, 6e9).writeBytesPerSecond, 6e9);
});
