import type { InstanceTotals } from "./recorder.ts";
import type { EngineRequest, Sequence } from "./request.ts";

/**
 * One serving instance, replayed iteration by iteration: first-come-first-served continuous batching with
 * chunked prefill over a paged prefix cache. Runs of decode iterations between two changes of the batch
 * are advanced at once, in closed form.
 */
export interface Instance {
  /**
   * Lets the instance work until its clock has reached the horizon, ending the iteration in progress. The
   * horizon may come closer meanwhile: a completion can cause an arrival (closed loop).
   */
  advanceTo(horizon: Horizon): void;
  submit(request: EngineRequest, arrivalSeconds: number): void;
  /** Takes a sequence whose prompt another instance computed; its KV is here now. */
  submitPrefilled(sequence: Sequence): void;
  /** Puts a request's blocks where an earlier use would have left them, before time 0. */
  warm(request: EngineRequest): void;
  /** Requests waiting or running. */
  readonly load: number;
  /** Time up to which it has worked. */
  readonly clockSeconds: number;
  /** Leading blocks of a request found in GPU memory or a tier, for prefix-aware routing. */
  matchingBlocks(request: EngineRequest): number;
  finish(): InstanceTotals;
}

/** A point in simulated time. */
export interface Horizon {
  seconds: number;
}

/**
 * What to do with a sequence whose prompt is computed, when another instance decodes: called with the time
 * of its first token and the seconds since its prompt was started.
 */
export type HandOff = (sequence: Sequence, atSeconds: number, prefillSeconds: number) => void;
