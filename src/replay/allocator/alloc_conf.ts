import { usageError } from "../../model/errors.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

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
  /** Share of the device that may be reserved from the start; null when not set. */
  readonly memoryFraction: number | null;
  /** Address space of an expandable range; null for 9/8 of the device. */
  readonly rangeReserve: { readonly unit: "share" | "bytes"; readonly value: number } | null;
}

export const DEFAULT_CONF: AllocConf = {
  maxSplitBytes: Infinity,
  maxNonSplitRoundingBytes: 20 * MIB,
  gcThreshold: 0,
  roundupDivisions: new Array(16).fill(0),
  expandable: false,
  largeSegmentBytes: 20 * MIB,
  memoryFraction: null,
  rangeReserve: null,
};

type Draft = { -readonly [K in keyof AllocConf]: AllocConf[K] };

function fail(key: string, value: string, expected: string, hint?: string): never {
  throw usageError(`alloc conf: ${key}:${value}: expected ${expected}`, hint);
}

function whole(key: string, value: string, expected: string): number {
  if (!/^\d+$/.test(value)) fail(key, value, expected);
  return Number(value);
}

function megabytes(key: string, value: string, above: number): number {
  const expected = `whole MiB above ${above}`;
  const number = whole(key, value, expected);
  if (number <= above) fail(key, value, expected);
  return number * MIB;
}

function isPowerOfTwo(n: number): boolean {
  return n >= 1 && Number.isInteger(Math.log2(n));
}

function truth(key: string, value: string): boolean {
  if (value !== "True" && value !== "False") fail(key, value, "True or False");
  return value === "True";
}

function between(key: string, value: string, oneAllowed: boolean): number {
  const number = value === "" ? NaN : Number(value);
  const expected = `a number above 0 and ${oneAllowed ? "at most" : "below"} 1`;
  if (!(number > 0 && (oneAllowed ? number <= 1 : number < 1))) fail(key, value, expected);
  return number;
}

/** `4`, or `[256:1,512:2,>:8]`: the first size also fills all lower ones, `>` the last and all above. */
function roundup(key: string, value: string): number[] {
  const table = new Array<number>(16).fill(0);
  if (!value.startsWith("[")) {
    const divisions = whole(key, value, "a power of two");
    if (!isPowerOfTwo(divisions)) fail(key, value, "a power of two");
    return table.fill(divisions);
  }
  if (!value.endsWith("]")) fail(key, value, "a list that ends with ]");
  let last = 0;
  let first = true;
  for (const entry of value.slice(1, -1).split(",")) {
    const [size, count, more] = entry.split(":");
    if (count === undefined || more !== undefined) fail(key, value, "entries SIZE:DIVISIONS");
    const divisions = whole(key, count, "divisions that are 0 or a power of two");
    if (divisions !== 0 && !isPowerOfTwo(divisions)) {
      fail(key, value, "divisions that are 0 or a power of two");
    }
    if (size === ">") {
      table.fill(divisions, last);
      continue;
    }
    const mib = whole(key, size, "sizes in MiB that are powers of two");
    if (!isPowerOfTwo(mib)) fail(key, value, "sizes in MiB that are powers of two");
    const index = Math.min(15, Math.log2(mib));
    if (first) table.fill(divisions, 0, index);
    first = false;
    table[index] = divisions;
    last = index;
  }
  return table;
}

/** `0.5` of the device, or `40G`. */
function reserve(key: string, value: string): AllocConf["rangeReserve"] {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(G?)$/.exec(value) ?? [];
  if (!(Number(number) > 0)) fail(key, value, "a share of the device such as 0.5, or GiB as 40G");
  return unit === "G"
    ? { unit: "bytes", value: Number(number) * GIB }
    : { unit: "share", value: Number(number) };
}

type Reader = (draft: Draft, value: string, key: string) => void;
const checked = (check: (key: string, value: string) => unknown): Reader => (_, value, key) => {
  check(key, value);
};
const ignoredTruth = checked(truth);
const ignoredWhole = checked((key, value) => whole(key, value, "a whole number"));

/** Every setting by its key; those that move no address are only checked. */
const READERS: Readonly<Record<string, Reader>> = {
  max_split_size_mb: (d, v, k) => d.maxSplitBytes = megabytes(k, v, 20),
  max_non_split_rounding_mb: (d, v, k) => d.maxNonSplitRoundingBytes = megabytes(k, v, 20),
  garbage_collection_threshold: (d, v, k) => d.gcThreshold = between(k, v, false),
  roundup_power2_divisions: (d, v, k) => d.roundupDivisions = roundup(k, v),
  expandable_segments: (d, v, k) => d.expandable = truth(k, v),
  expandable_segments_reserve: (d, v, k) => d.rangeReserve = reserve(k, v),
  large_segment_size_mb: (d, v, k) => d.largeSegmentBytes = megabytes(k, v, 1),
  per_process_memory_fraction: (d, v, k) => d.memoryFraction = between(k, v, true),
  backend: (_, v, k) => {
    if (v === "native") return;
    fail(k, v, "native", "what cudaMallocAsync does is the driver's secret: it cannot be replayed");
  },
  expandable_segments_reserve_by_class: checked(() => null),
  throw_on_cudamalloc_oom: ignoredTruth,
  release_lock_on_cudamalloc: ignoredTruth,
  release_lock_on_hipmalloc: ignoredTruth,
  graph_capture_record_stream_reuse: ignoredTruth,
  pinned_use_cuda_host_register: ignoredTruth,
  pinned_use_hip_host_register: ignoredTruth,
  pinned_use_background_threads: ignoredTruth,
  pinned_num_register_threads: ignoredWhole,
  pinned_reserve_segment_size_mb: ignoredWhole,
  pinned_free_catch_all: ignoredTruth,
};

/**
 * Parses a `PYTORCH_CUDA_ALLOC_CONF` (or `PYTORCH_ALLOC_CONF`) string by PyTorch's rules: keys and values are
 * case-sensitive, spaces do not count, a key that is given twice is read twice.
 *
 * @throws usage error naming the key, what was found and what was expected.
 * @example
 * ```ts
 * parseAllocConf("max_split_size_mb:128").maxSplitBytes; // 134217728
 * ```
 */
export function parseAllocConf(text: string): AllocConf {
  const draft: Draft = { ...DEFAULT_CONF };
  // Commas inside brackets belong to the list.
  for (const part of text.replaceAll(" ", "").split(/,(?![^[]*\])/)) {
    if (part === "") continue;
    const colon = part.indexOf(":");
    const key = colon < 0 ? part : part.slice(0, colon);
    const reader = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
    if (reader === undefined) {
      throw usageError(
        `alloc conf: unknown setting "${key}"`,
        `known: ${Object.keys(READERS).join(", ")}`,
      );
    }
    reader(draft, colon < 0 ? "" : part.slice(colon + 1), key);
  }
  if (draft.maxSplitBytes <= draft.largeSegmentBytes) {
    fail(
      "max_split_size_mb",
      String(draft.maxSplitBytes / MIB),
      `more than large_segment_size_mb, ${draft.largeSegmentBytes / MIB}`,
    );
  }
  return draft;
}

/** The settings that a memory snapshot says it was recorded with: its string, else its single fields. */
export function recordedConf(settings: Readonly<Record<string, unknown>> | null): AllocConf {
  const text = settings?.PYTORCH_CUDA_ALLOC_CONF ?? settings?.PYTORCH_ALLOC_CONF;
  if (typeof text === "string" && text !== "") return parseAllocConf(text);
  const draft: Draft = { ...DEFAULT_CONF };
  const number = (key: string) => {
    const value = Number(settings?.[key] ?? 0);
    return Number.isFinite(value) && value > 0 ? value : 0;
  };
  // -1 and the largest 64-bit number both stand for "no limit".
  const split = number("max_split_size");
  if (split > 0 && split < 2 ** 53) draft.maxSplitBytes = split;
  draft.gcThreshold = number("garbage_collection_threshold");
  draft.expandable = settings?.expandable_segments === true;
  const table = settings?.roundup_power2_divisions;
  if (typeof table === "object" && table !== null) {
    const values = table as Record<string, unknown>;
    draft.roundupDivisions = DEFAULT_CONF.roundupDivisions.map((_, i) =>
      Number(values[String(2 ** i)] ?? 0)
    );
  }
  return draft;
}
