import { z } from "zod";
import { secondsParam } from "../../model/params.ts";
import { dalyInterval, exactInterval, youngInterval } from "./optimum.ts";
import type { Job } from "./params.ts";
import { saveCost } from "./save_path.ts";

/** Parameters of periodic saves. */
export const INTERVAL_PARAMS = {
  interval: z.union([z.enum(["young", "daly", "exact"]), secondsParam()]).default("daly")
    .describe("useful seconds between checkpoints, or young, daly, exact"),
  every: z.number().int().positive().nullable().default(null)
    .describe("iterations between checkpoints; wins over interval"),
  checkpoint: secondsParam().nullable().default(null)
    .describe(
      "blocking time of a checkpoint; from bytes and writeBandwidth when both are given, else 60 s",
    ),
} as const;

export const intervalSchema = z.strictObject(INTERVAL_PARAMS);
export type IntervalParams = z.infer<typeof intervalSchema>;

const OPTIMA = { young: youngInterval, daly: dalyInterval, exact: exactInterval } as const;

/** Blocking time of a save: given, or the way of its bytes to the store, or a minute. */
export function blockSeconds(p: Job & Pick<IntervalParams, "checkpoint">): number {
  return p.checkpoint ?? saveCost(p).seconds ?? 60;
}

/**
 * The interval that `interval` and `every` mean, useful seconds, and a remark when there is no rate.
 *
 * @param block Blocking time of a save, seconds.
 */
export function chosenInterval(
  p: Pick<IntervalParams, "interval" | "every">,
  job: Pick<Job, "useful" | "iteration">,
  block: number,
  mtbf: number | null,
): { seconds: number; notes: string[] } {
  if (p.every !== null && job.iteration > 0) {
    return { seconds: Math.min(job.useful, p.every * job.iteration), notes: [] };
  }
  if (typeof p.interval === "number") return { seconds: p.interval, notes: [] };
  if (mtbf === null) {
    const note = `no failure hits the job: ${p.interval} has no rate, one checkpoint at the end`;
    return { seconds: job.useful, notes: [note] };
  }
  const best = OPTIMA[p.interval](block, mtbf);
  if (!(best > 0)) {
    // A save that costs nothing is best taken always; one iteration is the least there is.
    return { seconds: Math.min(job.useful, Math.max(job.iteration, 1)), notes: [] };
  }
  return { seconds: Math.min(job.useful, best), notes: [] };
}
