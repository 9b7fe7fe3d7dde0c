import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import { BuddyHeap } from "../buddy_heap.ts";
import { type HeapParams, heapParams } from "../heap_params.ts";
import { heapPolicy } from "../heap_policy.ts";

function isPowerOfTwo(n: unknown): boolean {
  return typeof n === "number" && n >= 1 && Number.isInteger(Math.log2(n));
}

const params = z.strictObject({
  ...heapParams,
  size: bytesParam().nullable().default(null)
    .refine((n) => n === null || isPowerOfTwo(n), "expected a power of two")
    .describe("bytes of the pool, a power of two; without it the largest one in the capacity"),
  minChunk: bytesParam().default(512)
    .refine(isPowerOfTwo, "expected a power of two")
    .describe("smallest chunk in bytes, a power of two"),
});

interface Params extends HeapParams {
  readonly size: number | null;
  readonly minChunk: number;
}

export const policy = heapPolicy<Params>({
  name: "buddy",
  summary: "one pool cut into halves: chunks are powers of two, the lowest address first",
  reference: "Knowlton, CACM 1965; Knuth, The Art of Computer Programming, 2.5",
  params: params as unknown as z.ZodType<Params>,
  heap: (p, capacity) =>
    new BuddyHeap(
      p.size ?? Math.max(p.minChunk, 2 ** Math.floor(Math.log2(Math.max(1, capacity)))),
      p.minChunk,
    ),
});
