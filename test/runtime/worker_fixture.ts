import { usageError } from "../../src/model/errors.ts";

/** A worker module for the pool's test: sums a shared array from the job's offset on. */
export function handle(
  shared: { data: Float64Array },
  job: { from: number; fail?: boolean; refuse?: boolean },
): number {
  if (job.refuse) throw usageError("too small", "give more");
  if (job.fail) throw new Error("told to fail");
  let sum = 0;
  for (let i = job.from; i < shared.data.length; i++) sum += shared.data[i];
  return sum;
}
