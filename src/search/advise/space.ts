import type { HardwareProfile } from "../../model/profiles/hardware.ts";

/** Values to try for one parameter, most important first. */
export interface Dimension {
  readonly key: string;
  readonly values: readonly string[];
}

function powersOfTwo(most: number): string[] {
  const values: string[] = [];
  for (let n = 1; n <= most; n *= 2) values.push(String(n));
  return values;
}

function whole(bytes: number): string {
  return String(Math.floor(bytes / 2 ** 20) * 2 ** 20);
}

/**
 * What a search tries for a policy by default: of these parameters those that it has. Sizes are shares
 * of what the hardware profile holds.
 */
export function defaultSpace(
  family: string,
  parameters: ReadonlySet<string>,
  hardware: HardwareProfile | null,
): Dimension[] {
  return dimensionsOf(family, hardware).filter((d) => parameters.has(d.key) && d.values.length > 0);
}

function dimensionsOf(family: string, hardware: HardwareProfile | null): Dimension[] {
  if (family === "offload") {
    const dram = hardware?.dram?.capacityBytes ?? 0;
    const ssd = (hardware?.ssds ?? []).reduce((a, s) => a + s.count * s.capacityBytes, 0);
    const gpus = powersOfTwo(hardware?.gpu?.count ?? 1);
    return [
      { key: "gpus", values: gpus },
      {
        key: "dram",
        values: dram > 0 ? ["0", ...[1 / 32, 1 / 8, 1 / 2].map((s) => whole(s * dram))] : ["0"],
      },
      {
        key: "ssd",
        values: ssd > 0 ? ["0", ...[1 / 32, 1 / 4].map((s) => whole(s * ssd))] : ["0"],
      },
      { key: "instances", values: ["1", "2"] },
      { key: "admission", values: ["first", "second"] },
      { key: "load", values: ["always", "cheapest"] },
    ];
  }
  if (family === "fault" || family === "training") {
    return [
      { key: "interval", values: ["10min", "30min", "1h", "2h", "4h"] },
      { key: "spares", values: ["0", "1", "2", "4"] },
      { key: "copies", values: ["1", "2"] },
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
