import { formatSeconds } from "../../model/units.ts";
import type { Family } from "../../model/policy.ts";
import type { PolicyResult, RankEntry } from "../../model/results.ts";

function recommend(results: readonly PolicyResult[], order: readonly RankEntry[]): string {
  const mean = (entry: RankEntry) =>
    Number(results[entry.result].metrics.ttft_mean_seconds?.value ?? NaN);
  const [best] = order;
  if (best === undefined || !Number.isFinite(mean(best))) return "No policy could be replayed.";
  const head = `${best.policy}: ${formatSeconds(mean(best))} to the first token on average`;
  const next = order.find((entry) => entry.rank > best.rank);
  if (next === undefined) return `${head}.`;
  const plain = order.find((entry) => entry.policy === "recompute") ?? next;
  const other = plain.rank === best.rank ? next : plain;
  const verdict = best.policy === "recompute"
    ? "saving states does not pay here"
    : "saving states pays here";
  return `${head}, ${formatSeconds(mean(other))} with ${other.policy}; ${verdict}.`;
}

/** Conversations on a single-slot engine, ranked by the mean time to first token. */
export const conversationFamily: Family = {
  name: "conversation",
  rankBy: "ttft_mean_seconds",
  better: "lower",
  columns: [
    "ttft_mean_seconds",
    "ttft_p99_seconds",
    "restored_turns",
    "recomputed_turns",
    "ssd_read_bytes",
    "ssd_written_bytes",
    "serving_seconds",
  ],
  recommend,
};
