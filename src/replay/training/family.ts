import { formatInUnit, formatMetric } from "../../model/format_metric.ts";
import type { Family } from "../../model/policy.ts";
import type { PolicyResult, RankEntry } from "../../model/results.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";

function secondsOf(result: PolicyResult): number | null {
  const value = result.metrics.step_seconds?.value;
  return typeof value === "number" ? value : null;
}

function recommend(results: readonly PolicyResult[], order: readonly RankEntry[]): string {
  const ranked = order.map((entry) => results[entry.result]);
  const best = ranked[0];
  const seconds = best === undefined ? null : secondsOf(best);
  const generates = ranked.find((r) => r.metrics.generated_tokens_per_second !== undefined);
  if (best !== undefined && seconds === null && generates !== undefined) {
    const rate = formatMetric(generates.metrics.generated_tokens_per_second);
    return `${generates.policy} generates ${rate} tokens; no policy here runs a training step.`;
  }
  if (best === undefined || seconds === null) {
    const reason = best?.metrics.step_seconds?.reason;
    return `No policy can run this step${reason === undefined ? "" : `: ${reason}`}.`;
  }
  const wait = Number(best.metrics.transfer_wait_ratio?.value ?? NaN);
  const waits = Number.isFinite(wait)
    ? `; its GPUs wait ${formatRatio(Number(wait.toPrecision(3)))} of it for transfers`
    : "";
  const peak = best.metrics.gpu_peak_bytes?.value;
  const fits = typeof peak === "number" ? ` within ${formatInUnit(peak, "bytes")} of a GPU` : "";
  const next = ranked.find((r) => r.policy !== best.policy && secondsOf(r) !== null);
  const against = next === undefined
    ? ""
    : `; ${next.policy} takes ${formatSeconds(secondsOf(next)!)} (${
      (secondsOf(next)! / seconds).toFixed(2)
    }x)`;
  const lossless = ranked.find((r) => !r.legend.lossy && secondsOf(r) !== null);
  const lossy = !best.legend.lossy ? "" : `; ${best.policy} changes the result of training` +
    (lossless === undefined ? "" : `, ${lossless.policy} is the fastest that does not`);
  const refused = ranked.filter((r) => secondsOf(r) === null).map((r) => r.policy);
  const cannot = refused.length === 0
    ? ""
    : `; without a step time: ${[...new Set(refused)].join(", ")}`;
  return `${best.policy} runs a step in ${
    formatSeconds(seconds)
  }${fits}${waits}${against}${lossy}${cannot}.`;
}

/** How policies of training state are ranked and printed. */
export const trainingFamily: Family = {
  name: "training",
  rankBy: "step_seconds",
  better: "lower",
  columns: [
    "step_seconds",
    "transfer_wait_ratio",
    "bubble_ratio",
    "gpu_peak_bytes",
    "upload_bytes",
    "download_bytes",
    "ssd_written_bytes",
    "samples_per_second",
    "generated_tokens_per_second",
  ],
  recommend,
};
