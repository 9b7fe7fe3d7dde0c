import type { HardwareProfile } from "../../model/profiles/hardware.ts";

/** Values to try for one parameter, most important first. */
export interface Dimension {
  readonly key: string;
  readonly values: readonly string[];
}

const GIB = 2 ** 30;

function powersOfTwo(from: number, most: number): string[] {
  const values: string[] = [];
  for (let n = from; n <= most; n *= 2) values.push(String(n));
  return values;
}

/** Whole gibibytes where there are any, for sizes that people can type. */
function whole(bytes: number): string {
  const unit = bytes >= GIB ? GIB : 2 ** 20;
  return String(Math.floor(bytes / unit) * unit);
}

/** What a search knows besides the parameters of a policy. */
export interface SpaceFacts {
  readonly family: string;
  readonly hardware: HardwareProfile | null;
  /** Fewest GPUs that hold the weights; 1 when unknown. */
  readonly leastGpus: number;
  /** Values of `kvWaste`, by allocator; the best first. */
  readonly kvWastes: readonly string[];
}

/**
 * What a search tries for a policy by default: of these parameters those that it has. Sizes are shares
 * of what the hardware profile holds.
 */
export function defaultSpace(facts: SpaceFacts, parameters: ReadonlySet<string>): Dimension[] {
  return dimensionsOf(facts).filter((d) => parameters.has(d.key) && d.values.length > 0);
}

function dimensionsOf({ family, hardware, leastGpus, kvWastes }: SpaceFacts): Dimension[] {
  if (family === "offload") {
    const dram = hardware?.dram?.capacityBytes ?? 0;
    const ssd = (hardware?.ssds ?? []).reduce((a, s) => a + s.count * s.capacityBytes, 0);
    return [
      {
        key: "dram",
        values: dram > 0 ? ["0", ...[1 / 32, 1 / 8, 1 / 2].map((s) => whole(s * dram))] : ["0"],
      },
      {
        key: "ssd",
        values: ssd > 0 ? ["0", ...[1 / 32, 1 / 4].map((s) => whole(s * ssd))] : ["0"],
      },
      { key: "gpus", values: powersOfTwo(leastGpus, hardware?.gpu?.count ?? 1).reverse() },
      { key: "instances", values: ["1", "2"] },
      { key: "kvWaste", values: kvWastes },
      { key: "admission", values: ["first", "second"] },
      { key: "load", values: ["always", "cheapest"] },
      { key: "router", values: ["round-robin", "prefix-aware"] },
    ];
  }
  if (family === "fault") {
    return [
      { key: "interval", values: ["3600", "600", "1800", "7200", "14400"] },
      { key: "spares", values: ["0", "1", "2", "4"] },
      { key: "copies", values: ["1", "2"] },
    ];
  }
  if (family === "training") {
    return [
      { key: "gpus", values: powersOfTwo(1, hardware?.gpu?.count ?? 1).reverse() },
      { key: "recompute", values: ["true", "false"] },
      { key: "stages", values: ["auto", "2", "4", "8"] },
      { key: "weights", values: ["host", "ssd"] },
      { key: "shard", values: ["full", "none"] },
    ];
  }
  if (family === "allocator") {
    return [
      { key: "blockTokens", values: ["16", "32", "64"] },
      { key: "reserve", values: ["max", "pow2", "oracle"] },
    ];
  }
  return [];
}

/** Number of points of a policy's space. */
export function spaceSize(dimensions: readonly Dimension[]): number {
  return dimensions.reduce((n, d) => n * d.values.length, 1);
}

/**
 * Spaces cut down until all together have at most `most` points: the last, least important dimension
 * with several values keeps its first value only, in the largest space first.
 */
export function limitSpaces(
  spaces: readonly (readonly Dimension[])[],
  most: number,
): Dimension[][] {
  const cut = spaces.map((s) => s.map((d) => ({ ...d })));
  const total = () => cut.reduce((n, s) => n + spaceSize(s), 0);
  while (total() > most) {
    const largest = cut.reduce((best, s, i) => spaceSize(s) > spaceSize(cut[best]) ? i : best, 0);
    let at = cut[largest].length - 1;
    while (at >= 0 && cut[largest][at].values.length === 1) at--;
    if (at < 0) break;
    cut[largest][at] = { key: cut[largest][at].key, values: cut[largest][at].values.slice(0, 1) };
  }
  return cut;
}

/** Every combination of the values, the first dimension slowest. */
export function combinations(dimensions: readonly Dimension[]): Record<string, string>[] {
  return dimensions.reduce<Record<string, string>[]>(
    (sets, d) => sets.flatMap((set) => d.values.map((v) => ({ ...set, [d.key]: v }))),
    [{}],
  );
}

/** Dimensions that are sizes of storage, in bytes. */
export const SIZE_KEYS: ReadonlySet<string> = new Set(["dram", "ssd", "remote"]);

/** Most instances that a search tries: whole machines are bought for them. */
const MOST_INSTANCES = 64;

/** The values next to one in a dimension: half and double of sizes and instances, else all values. */
function nextValues({ key, values }: Dimension, now: string): string[] {
  const at = Number(now);
  if (SIZE_KEYS.has(key) && at > 0) {
    const most = Math.max(...values.map(Number));
    return [at * 2, at / 2].filter((x) => x <= most).map(whole);
  }
  // The optimum of a checkpoint interval is flat: factors of two find it, between a minute and a day.
  if (key === "interval" && at > 0) {
    return [at * 2, at / 2].filter((x) => x >= 60 && x <= 86_400).map(String);
  }
  if (key === "instances") {
    return [at * 2, at / 2].filter((x) => x >= 1 && x <= MOST_INSTANCES).map(String);
  }
  return [...values];
}

/** Points next to one: each differs in a single dimension. */
export function neighbours(
  set: Readonly<Record<string, string>>,
  dimensions: readonly Dimension[],
): Record<string, string>[] {
  return dimensions.flatMap((d) => {
    const now = set[d.key] ?? d.values[0];
    return nextValues(d, now).filter((v) => v !== now).map((v) => ({ ...set, [d.key]: v }));
  });
}
