import type { Family } from "../../model/policy.ts";
import { verdict } from "./verdict.ts";

/** How serving policies are ranked and printed. */
export const offloadFamily: Family = {
  name: "offload",
  rankBy: "ttft_p99_seconds",
  better: "lower",
  columns: [
    "ttft_p99_seconds",
    "ttft_p50_seconds",
    "tpot_p50_seconds",
    "token_reuse_ratio",
    "ssd_written_bytes",
    "slo_attainment_ratio",
    "output_tokens_per_second",
    "gpu_busy_ratio",
  ],
  recommend: (results) => verdict(results),
};
