import type { TierName, Usage } from "../../model/usage.ts";

/** Byte-seconds held on a tier. */
export function heldByteSeconds(usage: Usage, ...tiers: TierName[]): number {
  return usage.held.filter((h) => tiers.includes(h.tier)).reduce((a, h) => a + h.byteSeconds, 0);
}

/** Bytes that flowed on a tier. */
export function flowBytes(
  usage: Usage,
  direction: "read" | "write" | "both",
  ...tiers: TierName[]
): number {
  return usage.flows
    .filter((f) => tiers.includes(f.tier) && (direction === "both" || f.direction === direction))
    .reduce((a, f) => a + f.bytes, 0);
}

export function gpuReservedSeconds(usage: Usage): number {
  return usage.devices.filter((d) => d.kind === "gpu").reduce((a, d) => a + d.reservedSeconds, 0);
}

/**
 * Whether a host without GPUs is charged as the whole server that it is: its DRAM is then inside its power
 * and its embodied carbon, its drives inside its power (P1, P4).
 */
export function wholeServer(usage: Usage): boolean {
  return gpuReservedSeconds(usage) === 0 && hostReservedSeconds(usage) > 0;
}

/** Seconds of whole hosts without GPUs: a `node`, or else a `cpu` however many cores it counts. */
export function hostReservedSeconds(usage: Usage): number {
  const nodes = usage.devices.filter((d) => d.kind === "node");
  if (nodes.length > 0) return nodes.reduce((a, d) => a + d.reservedSeconds, 0);
  return usage.devices.filter((d) => d.kind === "cpu")
    .reduce((a, d) => a + d.reservedSeconds / Math.max(1, d.count), 0);
}
