import type { Claim } from "../../model/prediction.ts";
import type { Traffic } from "../../model/traffic.ts";
import type { TrafficLaws } from "./calibrate_traffic.ts";

/** What a run may be off by: saving and loading within 15 %. */
const WITHIN = 0.15;

/** Operations by phase, as the traffic says. */
export function countOperations(traffic: Traffic): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < traffic.count; i++) {
    if (traffic.op[i] > 1) continue;
    const phase = `${traffic.tiers[traffic.tier[i]]}-${traffic.op[i] === 0 ? "write" : "read"}`;
    counts.set(phase, (counts.get(phase) ?? 0) + 1);
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
  return [...countOperations(traffic)].flatMap(([phase, operations]): Claim[] => {
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
    const exacts = [exact("operations", operations), exact("bytes", operations * blockBytes)];
    if (law === undefined) return exacts;
    const free = operations * (law.baseSeconds + law.secondsPerByte * blockBytes);
    const isLimited = readBytesPerSecond !== null && phase.endsWith("-read") &&
      !phase.startsWith("dram-");
    const limit = isLimited ? operations * blockBytes / readBytesPerSecond : 0;
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
