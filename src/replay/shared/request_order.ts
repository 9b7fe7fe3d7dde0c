import type { RequestOrder } from "../../model/eviction.ts";

/** Block lists of requests in order of arrival. */
export interface ListedRequests {
  readonly count: number;
  at(i: number): { readonly ids: Uint32Array | null; readonly from: number; readonly to: number };
}

/** For every block the requests that list it, in order of arrival. */
export function createRequestOrder(requests: ListedRequests, uniqueBlocks: number): RequestOrder {
  const starts = new Uint32Array(uniqueBlocks + 1);
  const each = (visit: (block: number, request: number) => void): void => {
    for (let i = 0; i < requests.count; i++) {
      const { ids, from, to } = requests.at(i);
      for (let k = from; ids !== null && k < to; k++) visit(ids[k], i);
    }
  };
  each((block) => starts[block + 1]++);
  for (let block = 0; block < uniqueBlocks; block++) starts[block + 1] += starts[block];
  const users = new Uint32Array(starts[uniqueBlocks]);
  const filled = starts.slice(0, uniqueBlocks);
  each((block, request) => users[filled[block]++] = request);
  return {
    next(block, after) {
      if (block >= uniqueBlocks) return Infinity;
      let low = starts[block];
      const end = starts[block + 1];
      let high = end;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (users[middle] <= after) low = middle + 1;
        else high = middle;
      }
      return low < end ? users[low] : Infinity;
    },
  };
}
