import type { ServingEngineConfig } from "../../model/engine_config.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";

/** Parameters of `as-run` that a configuration gives, and what it leaves to be assumed. */
export interface AsRun {
  readonly params: { readonly [key: string]: number | string | boolean };
  /** One phrase a field that the engine did not say, with what is taken instead. */
  readonly assumed: readonly string[];
}

/**
 * Turns an engine's configuration into the parameters that replay it. Blocks of a trace cannot be cut, so the
 * engine's block count is converted to the trace's block size.
 *
 * @param traceBlockTokens Tokens of a block of the trace; null when it has none.
 */
export function asRunParams(config: ServingEngineConfig, traceBlockTokens: number | null): AsRun {
  const params: { [key: string]: number | string | boolean } = {};
  const assumed: string[] = [];
  const take = <T extends number | string | boolean>(
    key: string,
    value: T | null,
    otherwise: string | null,
  ): void => {
    if (value !== null) params[key] = value;
    else if (otherwise !== null) assumed.push(otherwise);
  };
  if (config.gpuBlocks !== null && config.blockTokens !== null && traceBlockTokens !== null) {
    params.gpuBlocks = Math.max(
      1,
      Math.floor(config.gpuBlocks * config.blockTokens / traceBlockTokens),
    );
  } else {
    take("gpuBlocks", config.gpuBlocks, "GPU blocks from memory, weights and utilisation");
  }
  if (traceBlockTokens === null) take("blockTokens", config.blockTokens, "blocks of 16 tokens");
  take("memoryUtilization", config.memoryUtilization, null);
  const [tensor, stages] = [config.tensorParallel, config.pipelineParallel];
  if (tensor !== null || stages !== null) {
    params.gpus = (tensor ?? 1) * (stages ?? 1);
    params.pipeline = stages ?? 1;
  } else assumed.push("all GPUs of the machine in one instance");
  take("instances", config.instances, null);
  take("maxSequences", config.maxSequences, "at most 256 sequences at a time");
  take("maxBatchTokens", config.maxBatchTokens, "8,192 tokens an iteration");
  take("prefixCaching", config.prefixCaching, "prefix caching on");
  take("eviction", config.eviction ?? config.dram?.eviction ?? null, null);
  take("write", config.write, null);
  for (const tier of ["dram", "ssd", "remote"] as const) {
    if (config[tier] !== null) params[tier] = config[tier].bytes;
  }
  if (config.dram === null && config.ssd === null && config.remote === null) {
    assumed.push("no tiers below the GPU");
  }
  return { params, assumed };
}

/** The model with the element sizes that the engine ran with. */
export function llmAsRun(llm: LlmProfile, config: ServingEngineConfig): LlmProfile {
  return {
    ...llm,
    kvBytesPerElement: config.kvBytesPerElement ?? llm.kvBytesPerElement,
    weightBytesPerElement: config.weightBytesPerElement ?? llm.weightBytesPerElement,
  };
}
