import { usageError } from "../../model/errors.ts";
import type { Evidence } from "../../model/evidence.ts";
import { parseSeconds } from "../../model/units.ts";
import type { DeviceCounters } from "./device.ts";

/** Driver calls by the names of CUDA's API. */
export const CALL_NAMES: Readonly<Record<keyof DeviceCounters, string>> = {
  malloc: "cudaMalloc",
  mallocFail: "cudaMalloc_fail",
  free: "cudaFree",
  create: "cuMemCreate",
  map: "cuMemMap",
  unmap: "cuMemUnmap",
  release: "cuMemRelease",
  setAccess: "cuMemSetAccess",
  reserve: "cuMemAddressReserve",
};

/** Seconds of one call of each kind, and of one stall of the whole device. */
export interface CallCosts {
  readonly seconds: Readonly<Record<string, number>>;
  readonly stallSeconds: number;
  /** `assumed` for the defaults, `modelled` for those the user measured. */
  readonly evidence: Evidence;
}

/**
 * Nobody has published trustworthy latencies: these are round numbers of the right order, to be replaced by
 * those of the GPU in question. What is known is that mapping costs in proportion to the number of handles.
 */
const ASSUMED: CallCosts = {
  seconds: {
    cudaMalloc: 100e-6,
    cudaMalloc_fail: 0,
    cudaFree: 100e-6,
    cuMemCreate: 20e-6,
    cuMemMap: 5e-6,
    cuMemUnmap: 10e-6,
    cuMemRelease: 10e-6,
    cuMemSetAccess: 10e-6,
    cuMemAddressReserve: 5e-6,
  },
  stallSeconds: 1e-3,
  evidence: "assumed",
};

/**
 * Reads `cudaMalloc:80us,cudaFree:120us,stall:2ms`; kinds that are not named keep the assumed cost, and
 * then the whole sum stays assumed.
 */
export function parseCallCosts(text: string): CallCosts {
  if (text.trim() === "") return ASSUMED;
  const seconds: Record<string, number> = { ...ASSUMED.seconds };
  let stallSeconds = ASSUMED.stallSeconds;
  const named = new Set<string>();
  for (const part of text.split(",")) {
    const [name, value, more] = part.split(":").map((p) => p.trim());
    if (value === undefined || more !== undefined || !(name === "stall" || name in seconds)) {
      throw usageError(
        `callCosts: "${part.trim()}": expected CALL:TIME`,
        `calls: ${Object.keys(ASSUMED.seconds).join(", ")}, stall`,
      );
    }
    const cost = parseSeconds(value);
    if (name === "stall") stallSeconds = cost;
    else seconds[name] = cost;
    named.add(name);
  }
  const all = [...Object.keys(ASSUMED.seconds), "stall"].filter((n) => n !== "cudaMalloc_fail");
  return {
    seconds,
    stallSeconds,
    evidence: all.every((name) => named.has(name)) ? "modelled" : "assumed",
  };
}

/** Time in the driver: calls by their cost, and a stall of the device for every wait on all streams. */
export function driverSeconds(costs: CallCosts, calls: DeviceCounters, syncs: number): number {
  let sum = syncs * costs.stallSeconds;
  for (const [kind, name] of Object.entries(CALL_NAMES)) {
    sum += calls[kind as keyof DeviceCounters] * costs.seconds[name];
  }
  return sum;
}
