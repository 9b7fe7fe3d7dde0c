import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import { BfcAllocator } from "../bfc.ts";
import { createDevice } from "../device.ts";
import { type HeapParams, heapParams } from "../heap_params.ts";
import { heapPolicy } from "../heap_policy.ts";

const params = z.strictObject({
  ...heapParams,
  limit: bytesParam().nullable().default(null)
    .describe("bytes that all regions together may take; without it the capacity"),
  allowGrowth: z.boolean().default(true)
    .describe("regions start at 2 MiB and double; else one region takes everything"),
});

interface Params extends HeapParams {
  readonly limit: number | null;
  readonly allowGrowth: boolean;
}

export const policy = heapPolicy<Params>({
  name: "bfc",
  summary: "TensorFlow's best fit with coalescing, in regions that double",
  reference: "TensorFlow, tsl/framework/bfc_allocator.cc",
  params,
  heap: (p, capacity) =>
    new BfcAllocator(createDevice(capacity), {
      limitBytes: Math.min(p.limit ?? capacity, capacity),
      allowGrowth: p.allowGrowth,
    }),
});
