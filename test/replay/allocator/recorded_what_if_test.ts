import assert from "node:assert/strict";
import { test } from "node:test";
import { needsShared, sharedPath } from "../../shared.ts";
import { replayFile } from "./ops_replay.ts";

const MIB = 2 ** 20;
const RUNS = [
  ["pytorch-caching", {}],
  ["pytorch-expandable", {}],
  ["pytorch-caching", { conf: "max_split_size_mb:128" }],
  ["pytorch-caching", { conf: "roundup_power2_divisions:8" }],
  ["gmlake", { fragLimit: 64 * MIB }],
] as const;

/** Reserved MiB of real training runs under other settings, measured with models of the real allocators. */
const TABLE: readonly [file: string, reserved: readonly number[]][] = [
  ["kkaitlyn111-b1a7c70c-dev0", [58280, 52940, 58438, 60080, 52834]],
  ["cranberrii-ffe2e0c4-dev0", [6192, 5642, 6192, 6122, 5842]],
  ["JasperSolt-6720e249-dev0", [128, 108, 128, 128, 138]],
];

for (const [name, reserved] of TABLE) {
  const file = `fixtures/torch-events/${name}.json.gz`;
  test(
    `${name}: what each allocator would have reserved`,
    { skip: needsShared(file) },
    async () => {
      for (const [i, [policy, params]] of RUNS.entries()) {
        const { outcome } = await replayFile(sharedPath(file), policy, params, () => {});
        const { metrics, figures, detail } = outcome;
        assert.equal(
          Number(metrics.peak_reserved_bytes.value) / MIB,
          reserved[i],
          `${policy} ${i}`,
        );
        assert.equal(figures![0].chart, "segment_map");
        assert.ok(detail !== undefined && "pinning" in detail);
        const value = (id: string) => Number(metrics[id].value);
        assert.equal(value("external_bytes"), value("stranded_bytes") + value("releasable_bytes"));
        assert.equal(metrics.driver_seconds.evidence, "assumed");
      }
    },
  );
}

test("the end of a recording is divided as its snapshot shows", {
  skip: needsShared("fixtures/torch-events/kkaitlyn111-86060152-dev0.json.gz"),
}, async () => {
  const file = sharedPath("fixtures/torch-events/kkaitlyn111-86060152-dev0.json.gz");
  const { outcome } = await replayFile(file, "pytorch-caching", { mode: "validate" });
  const expected = {
    end_reserved_bytes: 61111009280,
    end_allocated_bytes: 54873829888,
    end_requested_bytes: 54597857284,
    internal_bytes: 275972604,
    external_bytes: 6237179392,
    releasable_bytes: 6062866432,
    stranded_bytes: 174312960,
    largest_free_bytes: 104857600,
  };
  for (const [id, value] of Object.entries(expected)) {
    assert.equal(outcome.metrics[id].value, value, id);
  }
});

test("measured call times make the time in the driver a model instead of an assumption", {
  skip: needsShared("fixtures/torch-events/JasperSolt-6720e249-dev0.json.gz"),
}, async () => {
  const file = sharedPath("fixtures/torch-events/JasperSolt-6720e249-dev0.json.gz");
  const names = ["cudaMalloc", "cudaFree", "cuMemCreate", "cuMemMap", "cuMemUnmap", "cuMemRelease"];
  const callCosts = [...names, "cuMemSetAccess", "cuMemAddressReserve", "stall"]
    .map((name) => `${name}:1ms`).join(",");
  const { outcome } = await replayFile(file, "pytorch-caching", { callCosts }, () => {});
  const { driver_seconds, malloc_call_count } = outcome.metrics;
  assert.equal(driver_seconds.evidence, "modelled");
  assert.equal(driver_seconds.value, Number(malloc_call_count.value) / 1000);
  await assert.rejects(replayFile(file, "pytorch-caching", { callCosts: "cudaMaloc:1us" }), {
    kind: "usage",
  });
});
