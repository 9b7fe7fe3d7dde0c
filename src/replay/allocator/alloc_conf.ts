import { usageError } from "../../model/errors.ts";

const MIB = 2 ** 20;

/** Settings of PyTorch's caching allocator; sizes are bytes. */
export interface AllocConf {
  /** Blocks of this size and more are not split; Infinity when not set. */
  readonly maxSplitBytes: number;
  readonly maxNonSplitRoundingBytes: number;
  /** 0 when off. */
  readonly gcThreshold: number;
  /** Divisions of each power of two from 1 MiB to 32 GiB; 0 rounds to 512 B. */
  readonly roundupDivisions: readonly number[];
  readonly expandable: boolean;
  readonly largeSegmentBytes: number;
}

export const DEFAULT_CONF: AllocConf = {
  maxSplitBytes: Infinity,
  maxNonSplitRoundingBytes: 20 * MIB,
  gcThreshold: 0,
  roundupDivisions: new Array(16).fill(0),
  expandable: false,
  largeSegmentBytes: 20 * MIB,
};

/** Settings that are known and change nothing of what is replayed. */
const WITHOUT_EFFECT = new Set([
  "backend",
  "release_lock_on_cudamalloc",
  "pinned_use_cuda_host_register",
  "pinned_num_register_threads",
  "graph_capture_record_stream_reuse",
  "pinned_use_background_threads",
]);

function fail(key: string, value: string, expected: string): never {
  throw usageError(`alloc conf: ${key}:${value}: expected ${expected}`);
}

function megabytes(key: string, value: string, above: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number <= above) fail(key, value, `whole MiB above ${above}`);
  return number * MIB;
}

function division(key: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || (number & (number - 1)) !== 0) {
    fail(key, value, "a power of two");
  }
  return number;
}

/** Index of a size in MiB into the table: floor of its logarithm, at most 15. */
function tableIndex(key: string, size: string): number {
  const mib = Number(size);
  if (!Number.isInteger(mib) || mib < 1 || (mib & (mib - 1)) !== 0) {
    fail(key, size, "sizes in MiB that are powers of two");
  }
  return Math.min(15, Math.log2(mib));
}

/** `4`, or `[256:1,512:2,>:8]`: the first key also fills all lower ones, `>` the last and all above. */
function roundup(key: string, value: string): number[] {
  const table = new Array<number>(16).fill(0);
  if (!value.startsWith("[")) return table.fill(division(key, value));
  if (!value.endsWith("]")) fail(key, value, "a list that ends with ]");
  let last = 0;
  value.slice(1, -1).split(",").forEach((entry, i) => {
    const [size, count] = entry.split(":").map((part) => part.trim());
    if (count === undefined) fail(key, value, "entries SIZE:DIVISIONS");
    const divisions = division(key, count);
    if (size === ">") {
      table.fill(divisions, last);
      return;
    }
    const index = tableIndex(key, size);
    if (i === 0) table.fill(divisions, 0, index);
    table[index] = divisions;
    last = index;
  });
  return table;
}

/**
 * Parses a `PYTORCH_CUDA_ALLOC_CONF` string.
 *
 * @throws usage error naming the key, what was found and what was expected.
 * @example
 * ```ts
 * parseAllocConf("max_split_size_mb:128").maxSplitBytes; // 134217728
 * ```
 */
export function parseAllocConf(text: string): AllocConf {
  const conf: { -readonly [K in keyof AllocConf]: AllocConf[K] } = { ...DEFAULT_CONF };
  // Commas inside brackets belong to the list.
  for (const part of text.split(/,(?![^[]*\])/)) {
    if (part.trim() === "") continue;
    const colon = part.indexOf(":");
    const key = (colon < 0 ? part : part.slice(0, colon)).trim();
    const value = colon < 0 ? "" : part.slice(colon + 1).trim();
    switch (key) {
      case "max_split_size_mb":
        conf.maxSplitBytes = megabytes(key, value, 20);
        break;
      case "max_non_split_rounding_mb":
        conf.maxNonSplitRoundingBytes = megabytes(key, value, 20);
        break;
      case "large_segment_size_mb":
        conf.largeSegmentBytes = megabytes(key, value, 0);
        break;
      case "garbage_collection_threshold": {
        const number = Number(value);
        if (!(number > 0 && number < 1)) fail(key, value, "a number between 0 and 1");
        conf.gcThreshold = number;
        break;
      }
      case "roundup_power2_divisions":
        conf.roundupDivisions = roundup(key, value);
        break;
      case "expandable_segments":
        if (!/^(true|false)$/i.test(value)) fail(key, value, "True or False");
        conf.expandable = value.toLowerCase() === "true";
        break;
      default:
        if (!WITHOUT_EFFECT.has(key)) {
          throw usageError(
            `alloc conf: unknown setting "${key}"`,
            "known: max_split_size_mb, max_non_split_rounding_mb, large_segment_size_mb, " +
              "garbage_collection_threshold, roundup_power2_divisions, expandable_segments",
          );
        }
    }
  }
  return conf;
}

/** The settings that a memory snapshot says it was recorded with: its string, else its single fields. */
export function recordedConf(settings: Readonly<Record<string, unknown>> | null): AllocConf {
  const text = settings?.PYTORCH_CUDA_ALLOC_CONF;
  if (typeof text === "string" && text !== "") return parseAllocConf(text);
  const conf: { -readonly [K in keyof AllocConf]: AllocConf[K] } = { ...DEFAULT_CONF };
  const number = (key: string) => {
    const value = Number(settings?.[key] ?? 0);
    return Number.isFinite(value) && value > 0 ? value : 0;
  };
  // -1 and the largest 64-bit number both stand for "no limit".
  const split = number("max_split_size");
  if (split > 0 && split < 2 ** 53) conf.maxSplitBytes = split;
  conf.gcThreshold = number("garbage_collection_threshold");
  const table = settings?.roundup_power2_divisions;
  if (typeof table === "object" && table !== null) {
    const values = table as Record<string, unknown>;
    conf.roundupDivisions = DEFAULT_CONF.roundupDivisions.map((_, i) =>
      Number(values[String(2 ** i)] ?? 0)
    );
  }
  return conf;
}
