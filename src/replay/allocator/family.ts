import type { Family } from "../../model/policy.ts";
import { recommend } from "./recommend.ts";

/** The allocator family: ranked by the share of held memory that is wasted. */
export const allocatorFamily: Family = {
  name: "allocator",
  rankBy: "waste_ratio",
  better: "lower",
  columns: [
    "waste_ratio",
    "recorded_addresses",
    "recorded_addresses_matched",
    "recorded_segments",
    "recorded_segments_matched",
    "peak_batch_count",
    "min_capacity_bytes",
    "oom_count",
    "peak_requested_bytes",
    "peak_reserved_bytes",
    "stranded_bytes",
    "retry_count",
    "preemption_count",
    "prefix_token_hit_ratio",
    "rejected_count",
    "driver_call_count",
    "prefix_hit_tokens",
  ],
  recommend,
};
