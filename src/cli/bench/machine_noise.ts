import { measureNoise } from "../gate/noise_probes.ts";
import { relativeNoise } from "../../stats/power.ts";

/** Above this noise of fixed work in the processor and in memory, figures of a machine mislead. */
export const NOISE_LIMIT = 0.1;

const ROUNDS = 5;

/** Room that the probes need on the disk, in bytes. */
export const NOISE_PROBE_BYTES = 32 * 2 ** 20;

/**
 * The noisier of processor and memory, as `noise` measures them; the disk's own noise is part of what is
 * measured.
 *
 * @param folder A folder for the probes' file.
 */
export function machineNoise(folder: string): { readonly name: string; readonly ratio: number } {
  return measureNoise(ROUNDS, [], folder).filter((probe) => probe.name !== "disk")
    .map(({ name, seconds }) => ({ name, ratio: relativeNoise(seconds) ?? 0 }))
    .reduce((a, b) => b.ratio > a.ratio ? b : a);
}
