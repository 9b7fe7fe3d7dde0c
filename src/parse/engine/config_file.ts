import { parse as parseYaml } from "yaml";
import { type ServingEngineConfig, servingEngineConfigSchema } from "../../model/engine_config.ts";
import { dataError, messageOf } from "../../model/errors.ts";
import { bytesOfDtype } from "./page.ts";

type Settings = Record<string, unknown>;
type Partial = { -readonly [K in keyof ServingEngineConfig]?: ServingEngineConfig[K] };

/** LMCache and SGLang say GB and multiply by 2^30. */
const GIB = 2 ** 30;

/** Settings that could open something are not kept. */
const SECRET =
  /(api[_-]?key|secret|password|passwd|credential|auth|hf[_-]?token|access[_-]?token)/i;

function number(settings: Settings, ...names: string[]): number | null {
  for (const name of names) {
    const value = settings[name];
    const parsed = typeof value === "string" ? Number(value) : value;
    if (typeof parsed === "number" && Number.isFinite(parsed) && parsed >= 0) return parsed;
  }
  return null;
}

function count(settings: Settings, ...names: string[]): number | null {
  const value = number(settings, ...names);
  return value === null || !Number.isInteger(value) ? null : value;
}

function text(settings: Settings, ...names: string[]): string | null {
  const found = names.map((name) => settings[name]).find((v) => typeof v === "string" && v !== "");
  return (found as string | undefined) ?? null;
}

function flag(settings: Settings, ...names: string[]): boolean | null {
  for (const name of names) {
    const value = settings[name];
    if (typeof value === "boolean") return value;
    if (value === "true" || value === "false") return value === "true";
  }
  return null;
}

const not = (value: boolean | null) => value === null ? null : !value;

const tier = (gib: number | null, eviction: string | null) =>
  gib === null || gib === 0 ? null : { bytes: gib * GIB, eviction };

function vllm(s: Settings): Partial {
  return {
    engine: "vllm",
    model: text(s, "model", "model_tag", "served_model_name"),
    blockTokens: count(s, "block_size"),
    gpuBlocks: count(s, "num_gpu_blocks_override", "num_gpu_blocks"),
    memoryUtilization: number(s, "gpu_memory_utilization"),
    tensorParallel: count(s, "tensor_parallel_size"),
    pipelineParallel: count(s, "pipeline_parallel_size"),
    instances: count(s, "data_parallel_size"),
    maxSequences: count(s, "max_num_seqs"),
    maxBatchTokens: count(s, "max_num_batched_tokens"),
    chunkedPrefill: flag(s, "enable_chunked_prefill"),
    prefixCaching: flag(s, "enable_prefix_caching") ?? not(flag(s, "no_enable_prefix_caching")),
    kvBytesPerElement: bytesOfDtype(text(s, "kv_cache_dtype") ?? undefined),
    weightBytesPerElement: bytesOfDtype(text(s, "quantization", "dtype") ?? undefined),
    dram: tier(number(s, "kv_offloading_size", "swap_space"), null),
  };
}

function sglang(s: Settings): Partial {
  const write = text(s, "hicache_write_policy");
  return {
    engine: "sglang",
    model: text(s, "model_path", "model"),
    blockTokens: count(s, "page_size"),
    memoryUtilization: number(s, "mem_fraction_static"),
    tensorParallel: count(s, "tp_size", "tensor_parallel_size"),
    pipelineParallel: count(s, "pp_size", "pipeline_parallel_size"),
    instances: count(s, "dp_size", "data_parallel_size"),
    maxSequences: count(s, "max_running_requests"),
    maxBatchTokens: count(s, "chunked_prefill_size", "max_prefill_tokens"),
    prefixCaching: not(flag(s, "disable_radix_cache")),
    kvBytesPerElement: bytesOfDtype(text(s, "kv_cache_dtype") ?? undefined),
    weightBytesPerElement: bytesOfDtype(text(s, "quantization", "dtype") ?? undefined),
    write: write === null ? null : /back/.test(write) ? "back" : "through",
    dram: tier(number(s, "hicache_size"), text(s, "radix_eviction_policy")?.toLowerCase() ?? null),
  };
}

function lmcache(s: Settings): Partial {
  const eviction = text(s, "cache_policy")?.toLowerCase() ?? null;
  const usesDram = flag(s, "local_cpu") !== false;
  return {
    blockTokens: count(s, "chunk_size"),
    policy: "kv-offload",
    eviction,
    dram: usesDram ? tier(number(s, "max_local_cpu_size"), eviction) : null,
    ssd: text(s, "local_disk") === null && s.local_disk !== true
      ? null
      : tier(number(s, "max_local_disk_size"), eviction),
  };
}

const VLLM_ONLY =
  /^(gpu_memory_utilization|max_num_(seqs|batched_tokens)|block_size|kv_transfer_config)$/;
const SGLANG_ONLY =
  /^(mem_fraction_static|tp_size|chunked_prefill_size|page_size|model_path|max_running_requests)$/;
const LMCACHE_ONLY = /^(max_local_cpu_size|local_cpu|local_disk|remote_serde|lmcache_instance_id)$/;

function flatten(settings: Settings): Settings {
  // Command lines and files write "max-num-seqs", code writes "max_num_seqs".
  return Object.fromEntries(
    Object.entries(settings).map((
      [key, value],
    ) => [key.replace(/^--/, "").replaceAll("-", "_"), value]),
  );
}

/** The settings of one file, and which engine's they are. */
function read(content: string, label: string): { engine: string; settings: Settings } {
  let value: unknown;
  try {
    // YAML 1.2 contains JSON.
    value = parseYaml(content);
  } catch (error) {
    throw dataError(`${label}: neither YAML nor JSON: ${messageOf(error).split("\n")[0]}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw dataError(
      `${label}: expected settings by name, found ${value === null ? "nothing" : "none"}`,
    );
  }
  const settings = flatten(value as Settings);
  const keys = Object.keys(settings);
  const engine = keys.some((key) => LMCACHE_ONLY.test(key)) ||
      (keys.includes("chunk_size") && !keys.some((key) => VLLM_ONLY.test(key)))
    ? "lmcache"
    : keys.some((key) => SGLANG_ONLY.test(key))
    ? "sglang"
    : keys.some((key) => VLLM_ONLY.test(key)) || keys.includes("model")
    ? "vllm"
    : null;
  if (engine === null) {
    throw dataError(
      `${label}: no setting of vLLM, SGLang or LMCache in it (found ${
        keys.slice(0, 5).join(", ")
      })`,
      "give the file that the engine was started with",
    );
  }
  return { engine, settings };
}

function plainSettings(settings: Settings): Record<string, string | number | boolean | null> {
  return Object.fromEntries(
    Object.entries(settings).filter(([key]) => !SECRET.test(key)).map(([key, value]) => [
      key,
      value === null || ["string", "number", "boolean"].includes(typeof value)
        ? value as string | number | boolean | null
        : JSON.stringify(value),
    ]),
  );
}

/**
 * The configuration files of a serving engine as parameters of a run: vLLM's or SGLang's, with LMCache's
 * beside it. What a file does not say stays null.
 *
 * @throws data error naming the file that is none of these.
 */
export function readEngineFiles(
  files: readonly { readonly label: string; readonly content: string }[],
): ServingEngineConfig {
  const merged: Partial = {};
  const other: Record<string, string | number | boolean | null> = {};
  for (const { label, content } of files) {
    const { engine, settings } = read(content, label);
    const part = engine === "lmcache"
      ? lmcache(settings)
      : engine === "sglang"
      ? sglang(settings)
      : vllm(settings);
    for (const [key, value] of Object.entries(part)) {
      // LMCache's chunk is no block of the engine's: the engine's own word stands.
      if (key === "blockTokens" && engine === "lmcache" && merged.blockTokens != null) continue;
      if (value !== null && value !== undefined) (merged as Settings)[key] = value;
    }
    merged.engine ??= engine;
    for (const [key, value] of Object.entries(plainSettings(settings))) {
      other[engine === "lmcache" ? `lmcache.${key}` : key] = value;
    }
  }
  return servingEngineConfigSchema.parse({
    ...merged,
    sources: files.map((file) => file.label),
    other,
  });
}

/** What files say, filled up by what the engine's page says: the files were written before, the page is true. */
export function mergeEngine(
  files: ServingEngineConfig | null,
  page: ServingEngineConfig | null,
): ServingEngineConfig | null {
  if (files === null || page === null) return page ?? files;
  const known = Object.entries(page).filter(([, value]) =>
    value !== null && !(Array.isArray(value) || typeof value === "object")
  );
  return {
    ...files,
    ...Object.fromEntries(known),
    engine: files.engine === "lmcache" ? page.engine : files.engine,
    sources: [...files.sources, ...page.sources],
    other: { ...files.other, ...page.other },
  };
}
