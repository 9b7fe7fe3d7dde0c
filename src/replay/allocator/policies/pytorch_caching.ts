import { cachingPolicy } from "../caching_policy.ts";

export const policy = cachingPolicy(
  "pytorch-caching",
  "PyTorch's native caching allocator, with its settings",
  false,
);
