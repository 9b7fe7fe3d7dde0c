import assert from "node:assert/strict";
import { test } from "node:test";
import { engineCountsSchema, servingEngineConfigSchema } from "../../../src/model/engine_config.ts";
import { asRunParams, llmAsRun } from "../../../src/replay/offload/as_run_params.ts";
import {
  meanAbsolutePercentageError,
  type Reproduced,
  validate,
} from "../../../src/replay/offload/validation.ts";
import { llm } from "./serve.ts";

const REPRODUCED: Reproduced = {
  hasBlocks: true,
  inputTokens: 1000,
  gpuHitTokens: 400,
  tierHitTokens: 300,
  storedBlocks: 90,
  removedBlocks: 40,
  loadedBytes: 3e9,
  savedBytes: 6e9,
  preemptions: 2,
  ttftSeconds: Float64Array.from([0.1, 0.2, 0.4]),
};

test("within 5 points of hit ratio and 15 % of time to first token a run counts as reproduced", () => {
  const counts = engineCountsSchema.parse({
    prefixQueryTokens: 2000,
    prefixHitTokens: 890,
    tierQueryTokens: 1000,
    tierHitTokens: 460,
    blocksStored: 100,
    ttftSeconds: [0.11, 0.22, 0.36],
  });
  const { rows, verdict, sentence } = validate(REPRODUCED, counts);
  assert.equal(verdict, "reproduced");
  const of = (quantity: string) => rows.find((r) => r.quantity === quantity)!;
  assert.equal(of("gpu_hit_ratio").difference!.toFixed(1), "-4.5");
  assert.equal(of("tier_hit_ratio").difference!.toFixed(1), "4.0");
  assert.equal(of("gpu_stored_blocks").difference!.toFixed(1), "-10.0");
  assert.equal(of("gpu_stored_blocks").verdict, "shown");
  assert.equal(of("gpu_removed_blocks").verdict, "not counted");
  // (1/11 + 1/11 + 1/9) / 3.
  assert.equal(of("ttft_mape").difference!.toFixed(2), "9.76");
  assert.match(sentence, /^Reproduced under as-run: gpu_hit_ratio off by 4\.5 points/);
});

test("beyond either bar it is missed, and nothing counted is no proof", () => {
  const hits = engineCountsSchema.parse({ prefixQueryTokens: 1000, prefixHitTokens: 460 });
  assert.equal(validate(REPRODUCED, hits).verdict, "missed");
  const times = engineCountsSchema.parse({ ttftQuantiles: { "0.5": 0.24 } });
  const missed = validate(REPRODUCED, times);
  assert.equal(missed.verdict, "missed");
  assert.match(missed.sentence, /NOT reproduced: ttft_mape off by 16\.7 %/);
  const nothing = validate(REPRODUCED, engineCountsSchema.parse({ blocksStored: 90 }));
  assert.equal(nothing.verdict, "inconclusive");
  assert.match(nothing.sentence, /Nothing that the engine counted/);
  // Without block ids a hit ratio cannot be replayed; it is not taken for 0.
  const blind = validate({ ...REPRODUCED, hasBlocks: false }, hits);
  assert.equal(blind.verdict, "inconclusive");
  assert.match(blind.rows[0].reason!, /no block ids/);
});

test("the percentage error leaves out what either side does not know", () => {
  assert.deepEqual(meanAbsolutePercentageError([[NaN, 1], [1, 0], [1.1, 1]]), {
    percent: 100 * Math.abs(1.1 - 1),
    pairs: 1,
  });
  assert.equal(meanAbsolutePercentageError([]), null);
});

test("a configuration becomes the parameters of as-run; what it leaves open is named", () => {
  const config = servingEngineConfigSchema.parse({
    engine: "vllm",
    gpuBlocks: 2588,
    blockTokens: 16,
    tensorParallel: 4,
    pipelineParallel: 2,
    prefixCaching: false,
    dram: { bytes: 500e9, eviction: "lru" },
    kvBytesPerElement: 1,
  });
  const own = asRunParams(config, null);
  assert.deepEqual(own.params, {
    gpuBlocks: 2588,
    blockTokens: 16,
    gpus: 8,
    pipeline: 2,
    prefixCaching: false,
    eviction: "lru",
    dram: 500e9,
  });
  // 2,588 blocks of 16 tokens are 80 blocks of 512.
  assert.equal(asRunParams(config, 512).params.gpuBlocks, 80);
  assert.equal("blockTokens" in asRunParams(config, 512).params, false);
  assert.ok(own.assumed.some((phrase) => /8,192 tokens/.test(phrase)));
  assert.equal(own.assumed.some((phrase) => /prefix caching on/.test(phrase)), false);
  assert.equal(llmAsRun(llm("llama-3-8b"), config).kvBytesPerElement, 1);
  assert.equal(llmAsRun(llm("llama-3-8b"), config).weightBytesPerElement, 2);
});
