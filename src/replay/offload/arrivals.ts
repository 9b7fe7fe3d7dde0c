import type { RequestColumns } from "../../model/trace/requests.ts";
import type { EngineRequest } from "./request.ts";

/** The requests of a trace in order of arrival; equal times keep file order. */
export interface Arrivals {
  readonly count: number;
  /** The i-th request to arrive. */
  at(i: number): EngineRequest;
  /** Think time before the i-th request in seconds, NaN where unknown. */
  thinkSeconds(i: number): number;
}

/** One request of a batch. */
export function requestOf(columns: RequestColumns, row: number, index: number): EngineRequest {
  const { blockIds, blockOffsets } = columns;
  return {
    index,
    arrivalSeconds: columns.arrivalNs[row] / 1e9,
    inputTokens: Math.max(1, columns.inputTokens[row]),
    outputTokens: Math.max(1, columns.outputTokens[row]),
    session: columns.session[row],
    turn: columns.turn[row],
    ids: blockIds,
    from: blockOffsets === null ? 0 : blockOffsets[row],
    to: blockOffsets === null ? 0 : blockOffsets[row + 1],
  };
}

/** Orders buffered batches by arrival. Files may list sessions one after the other, each from time 0. */
export function orderArrivals(batches: readonly RequestColumns[]): Arrivals {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const starts: number[] = [];
  const times = new Float64Array(count);
  let at = 0;
  for (const batch of batches) {
    starts.push(at);
    times.set(batch.arrivalNs.subarray(0, batch.count), at);
    at += batch.count;
  }
  const order = new Uint32Array(count);
  let sorted = true;
  for (let i = 0; i < count; i++) {
    order[i] = i;
    if (i > 0 && times[i] < times[i - 1]) sorted = false;
  }
  if (!sorted) order.sort((a, b) => times[a] - times[b] || a - b);
  const place = (i: number): { batch: RequestColumns; row: number } => {
    const position = order[i];
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= position) low = middle;
      else high = middle - 1;
    }
    return { batch: batches[low], row: position - starts[low] };
  };
  return {
    count,
    at(i) {
      const { batch, row } = place(i);
      return requestOf(batch, row, i);
    },
    thinkSeconds(i) {
      const { batch, row } = place(i);
      return batch.thinkNs[row] / 1e9;
    },
  };
}
