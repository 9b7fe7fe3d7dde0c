import type { Timeline } from "../engine.ts";
import type { StoreTimes } from "./job_timeline.ts";

/** A job as an automaton: something else says when time passes. */
export interface SharedJob {
  /** When the job does something by itself; Infinity when it is done or waits for a node for ever. */
  nextSeconds(): number;
  /** Does what is due at {@link nextSeconds}. */
  step(now: number): void;
  done(): boolean;
  /** Ends the observation of a job that stalls. */
  close(now: number): void;
  timeline(): Timeline;
  storeTimes(): StoreTimes;
}

/** Events after which a simulation is stopped: it would be a fault of ours. */
const MOST_EVENTS = 500_000_000;

/**
 * Runs jobs that share a store until all are done or none can go on. The earliest event goes first; of
 * several at one time the job with the lowest number.
 */
export function simulateJobs(jobs: readonly SharedJob[], horizonSeconds: number): void {
  for (let events = 0;; events++) {
    if (events > MOST_EVENTS) throw new Error("the jobs on the shared store do not come to an end");
    let first = -1;
    let at = Infinity;
    jobs.forEach((job, j) => {
      const next = job.nextSeconds();
      if (next < at) [at, first] = [next, j];
    });
    if (first < 0) break;
    jobs[first].step(at);
  }
  for (const job of jobs) job.close(horizonSeconds);
}
