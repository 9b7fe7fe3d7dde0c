import type { Profiles } from "../../model/profiles/profiles.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { meanAbsolutePercentageError, TTFT_BAR_PERCENT } from "../../replay/offload/validation.ts";

/** What a benchmark's own times to first token say of the replay of its requests. */
export interface MeasuredComparison {
  readonly reproduced: boolean;
  readonly sentence: string;
}

/** Row numbers in order of arrival; equal times keep file order, as the engine does. */
async function arrivalOrder(trace: Trace<"requests">): Promise<number[]> {
  const times: number[] = [];
  for await (const batch of trace.batches()) {
    for (let i = 0; i < batch.count; i++) times.push(batch.arrivalNs[i]);
  }
  return times.map((_, row) => row).sort((a, b) => times[a] - times[b] || a - b);
}

/**
 * Replays requests that were read from a benchmark's file and holds each time to first token against the
 * measured one. Such files have no block ids, so every policy computes every prompt and one replay speaks
 * for all. Null when the trace has no measured times.
 */
export async function compareMeasuredTtft(
  trace: Trace,
  profiles: Profiles,
  engineParams: unknown,
  seed: number,
): Promise<MeasuredComparison | null> {
  const { measuredTtftSeconds: measured } = trace;
  if (measured === undefined || trace.kind !== "requests") return null;
  const requests = trace as Trace<"requests">;
  const { policy } = await import("../../replay/offload/policies/none.ts");
  const params = policy.params.parse({ ...engineParams as object, intervals: false });
  const order = await arrivalOrder(requests);
  const pairs: [number, number][] = [];
  const replay = policy.create(params, {
    meta: requests.meta,
    profiles,
    seed,
    seriesPoints: 2,
    onRequest: ({ index, ttftSeconds }) => {
      pairs.push([ttftSeconds, measured[order[index]]]);
    },
  });
  for await (const batch of requests.batches()) replay.feed(batch);
  replay.finish();
  const error = meanAbsolutePercentageError(pairs);
  if (error === null) return null;
  const reproduced = error.percent <= TTFT_BAR_PERCENT;
  const off = `off by ${error.percent.toFixed(1)} % on average over ${error.pairs} requests ` +
    `(bar ${TTFT_BAR_PERCENT} %)`;
  return {
    reproduced,
    sentence: reproduced
      ? `The times to first token that the file recorded are reproduced: ${off}.`
      : `The file recorded times to first token, and the replay of its own requests is ${off}: give the ` +
        "machine and model that were measured, the engine's --gpu-blocks, or --fit.",
  };
}
