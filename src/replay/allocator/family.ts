import { formatInUnit } from "../../model/format_metric.ts";
import { formatRatio } from "../../model/units.ts";
import type { Family } from "../../model/policy.ts";
import type { PolicyResult, RankEntry } from "../../model/results.ts";

/** What a validation says: whether the recording is reproduced. */
function verdict(r: PolicyResult): string | undefined {
  const value = (id: string) => r.metrics[id]?.value;
  const addresses = value("recorded_addresses");
  if (typeof addresses !== "number") return undefined;
  const exact = value("recorded_addresses_matched") === addresses &&
    value("recorded_segments_matched") === value("recorded_segments");
  return `${r.policy} reproduces ${
    value("recorded_addresses_matched")
  } of ${addresses} recorded addresses and ` +
    `${value("recorded_segments_matched")} of ${value("recorded_segments")} segments` +
    (exact ? "." : ": advice from this model on this recording is not proven.");
}

function recommend(results: readonly PolicyResult[], order: readonly RankEntry[]): string {
  const best = order[0] === undefined ? undefined : results[order[0].result];
  const validated = best === undefined ? undefined : verdict(best);
  if (validated !== undefined) return validated;
  const waste = best?.metrics.waste_ratio?.value;
  if (best === undefined || typeof waste !== "number") return "No policy could be replayed.";
  const worst = order.findLast((e) =>
    typeof results[e.result].metrics.waste_ratio?.value === "number"
  )!;
  const other = results[worst.result];
  const head = `${best.policy} wastes least: ${formatRatio(waste)} of the memory it holds`;
  const capacity = best.metrics.min_capacity_bytes?.value;
  const fit = typeof capacity === "number"
    ? `; the trace fits in ${formatInUnit(capacity, "bytes")}`
    : "";
  const batch = (r: PolicyResult) => r.metrics.peak_batch_count?.value;
  const runs = typeof batch(best) === "number" && other !== best
    ? `; it runs up to ${batch(best)} requests at once, ${other.policy} ${batch(other)}`
    : "";
  const against = other === best
    ? ""
    : `, ${other.policy} ${formatRatio(Number(other.metrics.waste_ratio.value))}`;
  return `${head}${against}${runs}${fit}.`;
}

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
    "peak_requested_bytes",
    "peak_reserved_bytes",
    "stranded_bytes",
    "preemption_count",
    "rejected_count",
    "prefix_hit_tokens",
    "oom_count",
  ],
  recommend,
};
