import type { KvMeter, KvMoment } from "./kv_meter.ts";
import type { RequestList } from "./kv_requests.ts";

/** A scheduler with its KV memory, driven step by step. */
export interface KvEngine {
  /** Requests that run or wait. */
  readonly pending: number;
  /** Whether a request of this size could ever run alone. */
  fits(prompt: number, output: number): boolean;
  /** @param blocks Block ids of the trace, when it has them. */
  add(index: number, prompt: number, output: number, blocks: Uint32Array | null): void;
  step(): void;
  /** The state after a step, without the time. */
  moment(): Omit<KvMoment, "seconds">;
}

/**
 * Iterations of equal length: what arrived is queued before a step, what cannot ever run is rejected; the
 * clock jumps to the next arrival when nothing is there to do.
 */
export function runKv(
  engine: KvEngine,
  requests: RequestList,
  stepSeconds: number,
  meter: KvMeter,
): { seconds: number; steps: number } {
  let next = 0;
  let seconds = 0;
  let steps = 0;
  while (next < requests.count || engine.pending > 0) {
    if (engine.pending === 0) seconds = Math.max(seconds, requests.arrivalSeconds[next]);
    for (; next < requests.count && requests.arrivalSeconds[next] <= seconds; next++) {
      const [prompt, output] = [requests.inputTokens[next], requests.outputTokens[next]];
      if (engine.fits(prompt, output)) engine.add(next, prompt, output, requests.blocksOf(next));
      else requests.reject(next);
    }
    if (engine.pending === 0) continue;
    engine.step();
    steps++;
    seconds += stepSeconds;
    const moment = engine.moment();
    if (moment.batch > 0) meter.add({ seconds, ...moment });
  }
  return { seconds, steps };
}

/** Slots of a partly filled holding: first those that will still be written, the rest never. */
export function divideSlack(
  slack: number,
  future: number,
): { reserved: number; internal: number } {
  const reserved = Math.min(slack, Math.max(0, future));
  return { reserved, internal: slack - reserved };
}
