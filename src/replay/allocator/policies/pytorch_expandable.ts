import { cachingPolicy } from "../caching_policy.ts";

export const policy = cachingPolicy(
  "pytorch-expandable",
  "PyTorch's caching allocator with expandable segments",
  true,
);
