import { resultLabels } from "../../model/result_labels.ts";
import type { Figure } from "../../model/figure.ts";
import type { ReplayDocument } from "../../model/results.ts";

/** Metrics that together are all input tokens, by what a reader calls their source. */
const SOURCES = [
  ["hbm_hit_tokens", "GPU memory"],
  ["dram_hit_tokens", "host memory"],
  ["ssd_hit_tokens", "drives"],
  ["remote_hit_tokens", "remote"],
  ["computed_tokens", "computed"],
] as const;

/** Pictures of all results together: where the input tokens came from under each policy. */
export function offloadFigures(document: ReplayDocument): Figure[] {
  const { results, ranking } = document;
  const labels = resultLabels(results);
  const rows = ranking.order.flatMap(({ result }) =>
    SOURCES.map(([id, part]) => ({
      label: labels[result],
      part,
      value: Number(results[result].metrics[id]?.value ?? 0),
    }))
  ).filter(({ value }) => value > 0);
  return [{
    chart: "stacked_bars",
    title: "Where the input tokens came from",
    rows,
    options: { xTitle: "input tokens" },
  }];
}
