import assert from "node:assert/strict";
import { test } from "node:test";
import { engineCountsSchema, servingEngineConfigSchema } from "../../src/model/engine_config.ts";

test("an engine's configuration keeps what was said and leaves the rest unknown", () => {
  const config = servingEngineConfigSchema.parse({
    engine: "vllm",
    gpuBlocks: 2588,
    blockTokens: 16,
    dram: { bytes: 500e9 },
  });
  assert.equal(config.gpuBlocks, 2588);
  assert.deepEqual(config.dram, { bytes: 500e9, eviction: null });
  assert.equal(config.prefixCaching, null, "unknown is not false");
  assert.equal(config.maxBatchTokens, null);
  assert.throws(() => servingEngineConfigSchema.parse({ engine: "vllm", gpuBlocks: 2.5 }));
  assert.throws(() => servingEngineConfigSchema.parse({ gpuBlocks: 1 }), /engine/);
});

test("an engine's counts are unknown until counted", () => {
  const counts = engineCountsSchema.parse({ ttftQuantiles: { "0.5": 0.12, "0.99": 1.4 } });
  assert.equal(counts.blocksStored, null);
  assert.equal(counts.ttftQuantiles["0.99"], 1.4);
  assert.throws(() => engineCountsSchema.parse({ ttftQuantiles: { p50: 1 } }));
});
