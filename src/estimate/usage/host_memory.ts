import type { Usage } from "../../model/usage.ts";
import { SECONDS_PER_YEAR } from "../formulas/units.ts";
import type { Reader } from "../interval.ts";
import { gpuReservedSeconds } from "./amounts.ts";
import { GPUS_PER_HOST } from "./energy_terms.ts";

/** GB of the 8-GPU host that the figures `host8.*` and the prices of nodes are of (p5.48xlarge). */
const DRAM_GB = 2048;
const SSD_GB = 30_400;

interface Formula {
  readonly ids: readonly string[];
  readonly value: (get: Reader) => number;
}

/** What the memory and drives of whole hosts take of them, as formulas over coefficients. */
export interface HostMemory {
  readonly joules: Formula;
  readonly grams: Formula;
  readonly usd: Formula;
}

/**
 * The DRAM and SSDs that every GPU host has, for the time its GPUs are reserved (P4). They are inside
 * `host8.watts` and `host8.embodied`, which bound them; prices of GPUs leave them out.
 */
export function hostMemory(usage: Usage): HostMemory {
  const hostSeconds = gpuReservedSeconds(usage) / GPUS_PER_HOST;
  const both = (dram: string, ssd: string) => (get: Reader) =>
    DRAM_GB * get(dram) + SSD_GB * get(ssd);
  const watts = both("dram.watts_per_gb", "ssd.watts_per_gb");
  const grams = both("dram.embodied", "ssd.embodied");
  const usd = both("dram.usd_per_gb", "ssd.usd_per_gb");
  return {
    joules: {
      ids: ["host8.watts", "dram.watts_per_gb", "ssd.watts_per_gb"],
      value: (get) => hostSeconds * Math.min(get("host8.watts"), watts(get)),
    },
    grams: {
      ids: ["host8.embodied", "dram.embodied", "ssd.embodied", "life.years"],
      value: (get) =>
        hostSeconds * Math.min(get("host8.embodied") * 1000, grams(get)) /
        (get("life.years") * SECONDS_PER_YEAR),
    },
    usd: {
      ids: ["dram.usd_per_gb", "ssd.usd_per_gb", "depreciation.years"],
      value: (get) => hostSeconds * usd(get) / (get("depreciation.years") * SECONDS_PER_YEAR),
    },
  };
}
