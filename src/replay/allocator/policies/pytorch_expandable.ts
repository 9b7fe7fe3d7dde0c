import type { Policy } from "../../../model/policy.ts";
import { type CachingParams, cachingParams, createCaching } from "../caching_policy.ts";

export const policy: Policy<"allocations", CachingParams> = {
  name: "pytorch-expandable",
  family: "allocator",
  summary: "PyTorch's caching allocator with expandable segments",
  reference: "PyTorch 2.6.0 c10/cuda/CUDACachingAllocator.cpp, checked operation by operation",
  accepts: ["allocations"],
  params: cachingParams,
  create: (params, context) => createCaching(params, context, true),
};
