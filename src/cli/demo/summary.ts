import type { EstimateDocument, ReplayDocument, RunRecord } from "../../model/results.ts";
import { formatMetric } from "../../model/format_metric.ts";
import { formatSeconds } from "../../model/units.ts";
import { resultLabels } from "../../model/result_labels.ts";
import { wrapText } from "../wrap.ts";

/** What the demo's commands printed, by step. */
export interface DemoResults {
  readonly run: RunRecord;
  readonly replays: readonly ReplayDocument[];
  readonly estimates: readonly EstimateDocument[];
  readonly report: string;
  readonly store: string;
}

const RUN_METRICS = [
  ["disk_written_bytes", "written to the disk"],
  ["disk_read_bytes", "read from it"],
  ["disk_busy_ratio", "of the time it was busy"],
] as const;

function measured(run: RunRecord): string[] {
  const parts = RUN_METRICS.flatMap(([id, words]) => {
    const metric = run.metrics[id];
    return metric === undefined || metric.value === null
      ? []
      : [`${formatMetric(metric)} ${words}`];
  });
  const absent = run.sources.filter((s) => s.status === "absent");
  return [
    `The workload ran for ${formatSeconds(run.durationNs / 1e9)}: ${parts.join(", ")} (measured).`,
    ...(absent.length === 0
      ? []
      : [`Not here: ${
        absent.map((s) => `${s.name} (${s.reason ?? "no reason given"})`).join("; ")
      }.`]),
  ];
}

function ranking(document: ReplayDocument): string[] {
  const labels = resultLabels(document.results);
  const rows = document.ranking.order.map(({ rank, result }) => {
    const metric = document.results[result].metrics[document.ranking.by];
    return `  ${rank}. ${labels[result]}: ${metric === undefined ? "-" : formatMetric(metric)}`;
  });
  const { by } = document.ranking;
  const evidence = document.results[0]?.metrics[by]?.evidence ?? "replayed";
  return [`${document.family}, by ${by} (${evidence}):`, ...rows, document.ranking.recommendation];
}

function cost(document: EstimateDocument): string[] {
  return document.results.map((r) => {
    const carbon = r.metrics.total_grams_co2e;
    const energy = r.metrics.energy_joules;
    const parts = [energy, carbon].filter((m) => m !== undefined && m.value !== null)
      .map((m) =>
        `${formatMetric(m)}${
          m.low === undefined
            ? ""
            : ` (${formatMetric({ ...m, value: m.low })} to ${
              formatMetric({ ...m, value: m.high! })
            })`
        }`
      );
    return `  ${r.name}: ${parts.join(", ")}`;
  });
}

/** The summary at the end: what was measured, the rankings, the cost, what to type next. */
export function renderSummary(results: DemoResults, width: number): string {
  const lines = [
    "What was measured",
    ...measured(results.run),
    "",
    "What other policies would have done",
    ...results.replays.flatMap((r) => [...ranking(r), ""]),
    "What it cost (assumed coefficients, with their interval)",
    ...results.estimates.flatMap(cost),
    "",
    "Next",
    `  open ${results.report}`,
    `  spillway ls --store ${results.store}`,
    `  spillway show demo-run --store ${results.store}`,
    `  spillway gate demo-offload --budget "ttft_p99_seconds<5" --store ${results.store}`,
    "  spillway record -- YOUR COMMAND",
    "",
  ];
  return lines.flatMap((line) => {
    // Commands are to be copied: they are never broken.
    if (line.startsWith("  spillway ")) return [line];
    const indent = /^ */.exec(line)![0];
    return wrapText(line.trimStart(), width - indent.length - 2)
      .map((part, i) => `${indent}${i === 0 ? "" : indent === "" ? "" : "   "}${part}`);
  }).join("\n");
}
