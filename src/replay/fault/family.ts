import { formatRatio, formatSeconds } from "../../model/units.ts";
import type { Family } from "../../model/policy.ts";
import type { PolicyResult, RankEntry } from "../../model/results.ts";

function recommend(results: readonly PolicyResult[], order: readonly RankEntry[]): string {
  const best = order[0] === undefined ? undefined : results[order[0].result];
  const goodput = Number(best?.metrics.goodput_ratio?.value ?? NaN);
  if (best === undefined || !Number.isFinite(goodput)) return "No policy could be replayed.";
  const interval = best.metrics.checkpoint_interval_seconds?.value;
  const every = interval === null || interval === undefined
    ? ""
    : ` with a checkpoint every ${formatSeconds(Number(interval))} of training`;
  const head = `${best.policy}${every} keeps ${formatRatio(goodput)} of the time useful`;
  const next = order.find((entry) => entry.rank > order[0].rank);
  if (next === undefined) return `${head}.`;
  const other = Number(results[next.result].metrics.goodput_ratio.value);
  return `${head}, ${formatRatio(goodput - other)} of the run more than the next.`;
}

/** The fault family: ranked by goodput. */
export const faultFamily: Family = {
  name: "fault",
  rankBy: "goodput_ratio",
  better: "higher",
  columns: [
    "goodput_ratio",
    "useful_tokens_per_second",
    "wall_seconds",
    "lost_seconds",
    "checkpoint_seconds",
    "restart_seconds",
    "failure_count",
    "checkpoint_written_bytes",
    "waste_usd",
    "waste_grams_co2e",
  ],
  aliases: { sync: "periodic-sync", async: "periodic-async", jit: "just-in-time" },
  modifiers: {
    spares: { spares: "p99" },
    jitter: { jitter: 1, restartJitter: 60 },
    "token-bucket": { admission: "token-bucket" },
  },
  recommend,
};
