import type { Claim } from "../../model/prediction.ts";
import { movedBytes, type Traffic } from "../../model/traffic.ts";
import type { TrafficLaws } from "./calibrate_traffic.ts";

/** What a run may be off by: saving and loading within 15 %. */
const WITHIN = 0.15;

/** Operations by phase, as the traffic says; or the sum of something of their shares of a block. */
export function countOperations(
  traffic: Traffic,
  of: (share: number) => number = () => 1,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < traffic.count; i++) {
    if (traffic.op[i] > 1) continue;
    const phase = `${traffic.tiers[traffic.tier[i]]}-${traffic.op[i] === 0 ? "write" : "read"}`;
    counts.set(phase, (counts.get(phase) ?? 0) + of(traffic.share[i]));
  }
  return counts;
}

/**
 * Claims about executing traffic: operations and bytes exactly, seconds by the laws. A tier without laws of
 * its own (remote storage that a file stands for) takes those of the drive. Limited reads take at least
 * bytes over the limit.
 */
export function trafficClaims(
  traffic: Traffic,
  blockBytes: number,
  laws: TrafficLaws,
  readBytesPerSecond: number | null,
): Claim[] {
  const moved = countOperations(traffic, (share) => movedBytes(share, blockBytes));
  return [...countOperations(traffic)].flatMap(([phase, operations]): Claim[] => {
    const bytes = moved.get(phase)!;
    const law = laws[phase] ?? laws[phase.replace(/^[a-z_]+-/, "ssd-")];
    const exact = (what: "operations" | "bytes", predicted: number): Claim => ({
      quantity: `${phase} ${what}`,
      unit: what === "bytes" ? "bytes" : "count",
      predicted,
      low: null,
      high: null,
      within: 0,
      assumption: "the traffic is what the replay says",
      calibrationResidual: null,
    });
    const exacts = [exact("operations", operations), exact("bytes", bytes)];
    if (law === undefined) return exacts;
    const free = operations * law.baseSeconds + bytes * law.secondsPerByte;
    const isLimited = readBytesPerSecond !== null && phase.endsWith("-read") &&
      !phase.startsWith("dram-");
    const limit = isLimited ? bytes / readBytesPerSecond : 0;
    return [...exacts, {
      quantity: `${phase} seconds`,
      unit: "seconds",
      predicted: Math.max(free, limit),
      low: Math.max(free * law.low, limit),
      high: Math.max(free * law.high, limit),
      within: WITHIN,
      assumption: limit > free
        ? "limited reads take their bytes over the limit"
        : "an operation takes a base and a time a byte, whatever came before it",
      calibrationResidual: limit > free ? null : law.residual,
    }];
  });
}
