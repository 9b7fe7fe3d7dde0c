import { z } from "zod";
import { createDevice } from "../device.ts";
import { type HeapParams, heapParams } from "../heap_params.ts";
import { heapPolicy } from "../heap_policy.ts";
import { UncachedAllocator } from "../uncached.ts";

export const policy = heapPolicy<HeapParams>({
  name: "uncached",
  summary: "every allocation is a cudaMalloc and every free a cudaFree",
  reference: "PyTorch with PYTORCH_NO_CUDA_MEMORY_CACHING=1",
  params: z.strictObject(heapParams),
  heap: (_, capacity) => new UncachedAllocator(createDevice(capacity)),
});
