import { type ServingEngineConfig, servingEngineConfigSchema } from "../../model/engine_config.ts";
import type { PromPage, PromSample } from "../prometheus/text.ts";

const PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/^vllm[:_]/, "vllm"],
  [/^sglang[:_]/, "sglang"],
  [/^lmcache[:_]/, "lmcache"],
];

function labelNumber(sample: PromSample | undefined, name: string): number | null {
  const value = Number(sample?.labels[name]);
  return sample?.labels[name] === undefined || !Number.isFinite(value) ? null : value;
}

function labelFlag(sample: PromSample | undefined, name: string): boolean | null {
  const value = sample?.labels[name]?.toLowerCase();
  return value === "true" || value === "1"
    ? true
    : value === "false" || value === "0"
    ? false
    : null;
}

/** Bytes of a cached element by its type's name. */
export function bytesOfDtype(name: string | undefined): number | null {
  if (name === undefined) return null;
  if (/fp8|float8|int8|e4m3|e5m2/i.test(name)) return 1;
  if (/bfloat16|float16|half|bf16|fp16/i.test(name)) return 2;
  return /float32|fp32/i.test(name) ? 4 : null;
}

/** Labels of the information metric that are kept as they are. */
const OTHER = [
  "kv_cache_size_tokens",
  "num_cpu_blocks",
  "swap_space",
  "cpu_offload_gb",
  "sliding_window",
];

/**
 * What a scraped page says of the engine behind it: vLLM tells its cache in the labels of
 * `vllm:cache_config_info`, SGLang in gauges. Null for a page of no engine.
 */
export function enginePage(page: PromPage): ServingEngineConfig | null {
  const engine = page.samples.map((s) => PREFIXES.find(([prefix]) => prefix.test(s.name))?.[1])
    .find((name) => name !== undefined);
  if (engine === undefined) return null;
  const info = page.samples.find((s) => s.name === "vllm:cache_config_info");
  const named = page.samples.find((s) => s.labels.model_name !== undefined);
  const gauge = (name: string) => page.samples.find((s) => s.name === name)?.value ?? null;
  const pageTokens = gauge("sglang:page_size");
  const totalTokens = gauge("sglang:max_total_num_tokens");
  const blockTokens = labelNumber(info, "block_size") ?? pageTokens;
  return servingEngineConfigSchema.parse({
    engine,
    model: named?.labels.model_name ?? null,
    blockTokens,
    gpuBlocks: labelNumber(info, "num_gpu_blocks") ??
      (totalTokens === null || !blockTokens ? null : Math.floor(totalTokens / blockTokens)),
    memoryUtilization: labelNumber(info, "gpu_memory_utilization"),
    prefixCaching: labelFlag(info, "enable_prefix_caching"),
    kvBytesPerElement: bytesOfDtype(info?.labels.cache_dtype),
    sources: ["scraped page"],
    other: Object.fromEntries(
      OTHER.map((name) => [name, labelNumber(info, name)]).filter(([, value]) => value !== null),
    ),
  });
}
