import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import { createDevice } from "../device.ts";
import { GmlakeAllocator } from "../gmlake.ts";
import { type HeapParams, heapParams } from "../heap_params.ts";
import { heapPolicy } from "../heap_policy.ts";

const params = z.strictObject({
  ...heapParams,
  fragLimit: bytesParam().default(512 * 2 ** 20)
    .describe("requests below this size are not stitched"),
  reuseLimit: z.number().min(1).default(10)
    .describe("a stitched block serves requests down to its size divided by this"),
  defragLevel: z.number().int().min(0).max(2).default(0)
    .describe("0 stitches before growing, 1 after growing failed, 2 after giving the cache back"),
  autoGc: bytesParam().default(1000 * 2 ** 30)
    .describe("address space of stitched blocks at which idle ones are dropped"),
});

interface Params extends HeapParams {
  readonly fragLimit: number;
  readonly reuseLimit: number;
  readonly defragLevel: number;
  readonly autoGc: number;
}

export const policy = heapPolicy<Params>({
  name: "gmlake",
  summary: "large memory in 2 MiB chunks that are stitched under new addresses",
  reference: "Guo et al., GMLake, ASPLOS 24; GMLake's CUDACachingAllocator.cpp",
  params,
  heap: (p, capacity) =>
    new GmlakeAllocator(createDevice(capacity), {
      fragLimit: p.fragLimit,
      reuseLimit: p.reuseLimit,
      defragLevel: p.defragLevel,
      autoGcBytes: p.autoGc,
    }),
});
