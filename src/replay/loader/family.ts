import type { Family } from "../../model/policy.ts";
import type { PolicyResult, RankEntry } from "../../model/results.ts";
import { formatRatio } from "../../model/units.ts";

function utilization(result: PolicyResult): number | null {
  const value = result.metrics.accelerator_utilization_ratio?.value;
  return typeof value === "number" ? value : null;
}

function recommend(results: readonly PolicyResult[], order: readonly RankEntry[]): string {
  const best = order[0] === undefined ? undefined : results[order[0].result];
  const value = best === undefined ? null : utilization(best);
  if (best === undefined || value === null) return "No policy could be replayed.";
  const target = Number(best.metrics.utilization_target_ratio?.value ?? 0.9);
  const verdict = value >= target
    ? `feeds the accelerators (${formatRatio(Number(value.toPrecision(4)))} busy)`
    : `keeps the accelerators ${formatRatio(Number(value.toPrecision(4)))} busy, below the ${
      formatRatio(target)
    } asked for: the storage is too slow for them`;
  const enough = order.map((e) => results[e.result])
    .filter((r) => (utilization(r) ?? 0) >= target);
  const simplest = enough.length > 1
    ? `; ${enough.map((r) => r.policy).join(", ")} are enough`
    : "";
  return `${best.policy} ${verdict}${simplest}.`;
}

/** How ways of reading samples are ranked and printed. */
export const loaderFamily: Family = {
  name: "loader",
  rankBy: "accelerator_utilization_ratio",
  better: "higher",
  columns: [
    "accelerator_utilization_ratio",
    "samples_per_second",
    "epoch_seconds",
    "source_read_bytes",
    "source_read_requests",
    "source_metadata_operations",
    "first_epoch_utilization_ratio",
    "batch_wait_p99_seconds",
  ],
  recommend,
};
