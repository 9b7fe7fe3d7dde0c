import { z } from "zod";
import { bytesParam, rateParam, secondsParam } from "../../model/params.ts";

/** Parameters of the engine itself, the same for every policy, so that policies differ only in policy. */
export const engineFields = {
  gpuBlocks: z.number().int().positive().nullable().default(null).describe(
    "KV blocks of one instance on its GPUs; null: computed from memory, weights and utilisation",
  ),
  blockTokens: z.number().int().positive().nullable().default(null).describe(
    "tokens of a block; null: the trace's own, or 16 where it has no blocks",
  ),
  memoryUtilization: z.number().min(0.1).max(1).default(0.9).describe(
    "share of the GPU memory the engine may use",
  ),
  kvWaste: z.number().min(0).max(0.99).default(0).describe(
    "share of the KV memory that its allocator wastes: waste_ratio of replay allocator",
  ),
  gpus: z.number().int().positive().nullable().default(null).describe(
    "GPUs of one instance (tensor parallel x pipeline); null: all of a node",
  ),
  pipeline: z.number().int().positive().default(1).describe(
    "pipeline stages of an instance, each with its part of the layers",
  ),
  instances: z.number().int().positive().default(1).describe("instances behind the router"),
  decodeInstances: z.number().int().nonnegative().default(0).describe(
    "further instances that only decode; the others then only prefill and send them the KV",
  ),
  router: z.enum(["round-robin", "least-loaded", "prefix-aware"]).default("round-robin").describe(
    "which instance a request goes to (closed loop: a session, at its first turn)",
  ),
  maxSequences: z.number().int().positive().default(256).describe("sequences that decode together"),
  maxBatchTokens: z.number().int().positive().default(8192).describe(
    "tokens of one iteration; longer prompts are prefilled in chunks",
  ),
  closedLoop: z.boolean().default(false).describe(
    "the next turn of a session waits for the answer and the think time",
  ),
  warmupRequests: z.number().int().nonnegative().default(0).describe(
    "first requests that fill the caches but are not counted",
  ),
  warmStart: z.boolean().default(false).describe(
    "start with the caches as an earlier pass over the trace would leave them",
  ),
  iterationOverheadSeconds: secondsParam().default(0.0005).describe(
    "scheduler and launch time of an iteration",
  ),
  prefillEfficiency: z.number().positive().max(1).nullable().default(null).describe(
    "achieved share of peak FLOPS; null: the hardware profile's",
  ),
  bandwidthEfficiency: z.number().positive().max(1).nullable().default(null).describe(
    "achieved share of memory bandwidth; null: the hardware profile's",
  ),
  attention: z.enum(["causal", "full"]).default("causal").describe(
    "attention FLOPs of a prompt: N*N/2 or N*N",
  ),
  intervals: z.boolean().default(true).describe(
    "replay also with the low and high coefficients of the profile, for low and high of each latency",
  ),
  sloTtft: secondsParam().default(2).describe("time to first token that meets the objective"),
  sloTpot: secondsParam().default(0.1).describe("time per output token that meets the objective"),
} as const;

/** Parameters of the tiers below the GPU, for policies that store something there. */
export const tierFields = {
  eviction: z.string().default("lru").describe("eviction of the tiers"),
  dram: bytesParam().nullable().default(null).describe(
    "host memory for the cache; null: half of the profile's, 0: none",
  ),
  ssd: bytesParam().nullable().default(null).describe(
    "drive space for the cache; null: 90 % of the profile's drives, 0: none",
  ),
  remote: bytesParam().default(0).describe("remote space for the cache (needs a remote profile)"),
  write: z.enum(["through", "back"]).default("through").describe(
    "GPU to host: save when computed, or when evicted",
  ),
  ssdWrite: z.enum(["back", "through"]).default("back").describe(
    "host to drive: write when evicted from host memory, or at once",
  ),
  admission: z.enum(["first", "second", "never"]).default("first").describe(
    "which use of a block stores it",
  ),
  tiers: z.enum(["inclusive", "exclusive"]).default("inclusive").describe(
    "keep a loaded block in its tier, or move it",
  ),
  overlap: z.enum(["layerwise", "none"]).default("layerwise").describe(
    "compute layer by layer while the load runs, or after it",
  ),
  prefetch: z.boolean().default(false).describe(
    "bring queued requests' blocks from drive to memory",
  ),
  lookAhead: z.number().int().positive().nullable().default(null).describe(
    "prefetch: so many queued requests ahead; null: the whole queue",
  ),
  load: z.enum(["always", "cheapest"]).default("always").describe(
    "load every hit, or only when predicted faster than recomputing",
  ),
  bounceBuffer: z.boolean().default(true).describe(
    "drive transfers pass through host memory twice",
  ),
  descriptorSeconds: secondsParam().default(1e-6).describe("cost of each contiguous piece moved"),
  pieceBytes: bytesParam().nullable().default(null).describe(
    "contiguous bytes of a piece moved; null: as the policy lays blocks out (whole, or HCache's chunks)",
  ),
  hostBandwidth: rateParam().nullable().default(null).describe(
    "host link of an instance in one direction; null: the profile's times the GPUs",
  ),
} as const;

export const engineSchema = z.object(engineFields);
export const tieredSchema = z.object({ ...engineFields, ...tierFields });

export type EngineParams = z.infer<typeof engineSchema>;
export type TieredParams = z.infer<typeof tieredSchema>;
