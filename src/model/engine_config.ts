import { z } from "zod";

/**
 * What a serving engine's own configuration and counters say about how it ran: vLLM's, SGLang's or LMCache's
 * files and pages, read by the collectors and kept with the run. `replay validate` replays the run under it.
 * Every field that the engine did not say is null: it is then assumed, and the result says so.
 */

const unknownNumber = z.number().nonnegative().nullable().default(null);
const unknownCount = z.number().int().nonnegative().nullable().default(null);
const unknownFlag = z.boolean().nullable().default(null);
const unknownText = z.string().nullable().default(null);

/** A tier below the GPU as the engine was told to use it. */
const tierSchema = z.object({
  bytes: z.number().nonnegative().describe(
    "bytes the engine may keep there, all instances together",
  ),
  eviction: unknownText.describe("eviction by the name of this tool: lru, fifo, lfu, s3fifo, ..."),
});

export const servingEngineConfigSchema = z.object({
  schema: z.literal("spillway/engine/1").default("spillway/engine/1"),
  engine: z.string().min(1).describe("vllm, sglang, lmcache, ... in lower case"),
  version: unknownText,
  model: unknownText.describe("model name as the engine was given it"),
  llm: unknownText.describe("name of a model profile of this tool"),
  hardware: unknownText.describe("name of a hardware profile of this tool"),
  policy: z.enum(["none", "recompute", "kv-offload", "hcache", "compress"]).nullable().default(null)
    .describe("the offload policy that describes what the engine kept"),
  blockTokens: unknownCount.describe("tokens of a KV block (vLLM block_size)"),
  gpuBlocks: unknownCount.describe("KV blocks in GPU memory of one instance (num_gpu_blocks)"),
  memoryUtilization: unknownNumber.describe("gpu_memory_utilization, mem_fraction_static"),
  tensorParallel: unknownCount,
  pipelineParallel: unknownCount,
  instances: unknownCount,
  maxSequences: unknownCount.describe("max_num_seqs, max_running_requests"),
  maxBatchTokens: unknownCount.describe("max_num_batched_tokens, chunked_prefill_size"),
  chunkedPrefill: unknownFlag,
  prefixCaching: unknownFlag.describe("enable_prefix_caching, not disable_radix_cache"),
  kvBytesPerElement: unknownNumber.describe(
    "bytes of a cached element (kv_cache_dtype): 2, or 1 for fp8",
  ),
  weightBytesPerElement: unknownNumber,
  eviction: unknownText.describe("eviction of the tiers where it is one for all"),
  write: z.enum(["through", "back"]).nullable().default(null).describe(
    "blocks are saved when computed, or when the GPU evicts them",
  ),
  dram: tierSchema.nullable().default(null),
  ssd: tierSchema.nullable().default(null),
  remote: tierSchema.nullable().default(null),
  sources: z.array(z.string()).default([]).describe(
    "files and pages it was read from, for the reader",
  ),
  other: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({})
    .describe("further settings as read, in the engine's own words"),
});

/** A serving engine's configuration; null: the engine did not say. */
export type ServingEngineConfig = z.infer<typeof servingEngineConfigSchema>;

export const engineCountsSchema = z.object({
  /** Deltas over the recording; tokens as vLLM V1 counts look-ups (prefix_cache_queries and _hits). */
  prefixQueryTokens: unknownNumber,
  prefixHitTokens: unknownNumber,
  tierQueryTokens: unknownNumber.describe("look-ups in the tiers below the GPU"),
  tierHitTokens: unknownNumber,
  blocksStored: unknownCount.describe("blocks that became cached in GPU memory (BlockStored)"),
  blocksRemoved: unknownCount.describe("blocks that left it (BlockRemoved)"),
  loadedBytes: unknownNumber.describe("tiers to GPU (kv_offload_load_bytes)"),
  storedBytes: unknownNumber.describe("GPU to tiers (kv_offload_store_bytes)"),
  preemptions: unknownCount,
  /** Time to first token of each request in the order of arrival; null where only quantiles are known. */
  ttftSeconds: z.array(z.number().nonnegative().nullable()).nullable().default(null),
  /** Quantiles that a page of counters or a benchmark's summary gives, by share: `{ "0.5": 0.12 }`. */
  ttftQuantiles: z.record(z.string().regex(/^0?\.[0-9]+$|^[01]$/), z.number()).default({}),
});

/** What an engine counted while it was recorded; null: not counted. */
export type EngineCounts = z.infer<typeof engineCountsSchema>;

/** A serving engine in a recording: its configuration, its counts, and the stored trace of its requests. */
export interface RunEngine {
  readonly config: ServingEngineConfig;
  readonly counts: EngineCounts;
  /** Name or id of the request trace in the store; null when no log of requests was recorded. */
  readonly requestTrace: string | null;
}
