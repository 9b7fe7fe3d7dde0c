import type { MetricValue } from "../model/metric.ts";
import { formatSeconds } from "../model/units.ts";
import { metricCell } from "./evidence_tag.ts";
import { type Html, markup } from "./html.ts";
import type { ReportInput, ReportItem } from "./input.ts";
import { resultLabels } from "../model/result_labels.ts";

interface Card {
  readonly label: string;
  readonly metric: MetricValue;
}

/** Metrics worth the first screen, most telling first. */
const RUN_METRICS = ["disk_written_bytes", "disk_read_bytes", "run_seconds"];

function cardsOf(item: ReportItem): Card[] {
  if (item.kind === "run") {
    const ids = [...RUN_METRICS, ...Object.keys(item.record.metrics)];
    const id = ids.find((i) => typeof item.record.metrics[i]?.value === "number");
    return id === undefined ? [] : [{
      label: `${id.replaceAll("_", " ")} of ${item.record.name}`,
      metric: item.record.metrics[id],
    }];
  }
  if (item.kind === "replay") {
    const { results, ranking } = item.document;
    const best = ranking.order[0];
    const metric = best === undefined ? undefined : results[best.result].metrics[ranking.by];
    return metric === undefined ? [] : [{
      label: `${ranking.by.replaceAll("_", " ")} of ${
        resultLabels(results)[best.result]
      }, the best`,
      metric,
    }];
  }
  const first = item.document.results[0]?.metrics.total_grams_co2e;
  return first === undefined
    ? []
    : [{ label: `carbon of ${item.document.results[0].name}`, metric: first }];
}

/** One sentence on what ran. */
function subject(items: readonly ReportItem[]): string {
  const runs = items.filter((i) => i.kind === "run");
  const parts = runs.map((r) =>
    `${r.record.name} ran for ${formatSeconds(r.record.durationNs / 1e9)}`
  );
  const replays = items.filter((i) => i.kind === "replay").length;
  if (replays > 0) {
    parts.push(`${replays} ${replays === 1 ? "replay" : "replays"} of other policies`);
  }
  const estimates = items.filter((i) => i.kind === "estimate").length;
  if (estimates > 0) parts.push(`${estimates} ${estimates === 1 ? "estimate" : "estimates"}`);
  return parts.join("; ") + ".";
}

/** What the recording was made on, from its fingerprint. */
function machine(items: readonly ReportItem[]): string | null {
  const run = items.find((i) => i.kind === "run");
  if (run === undefined) return null;
  const text = (value: unknown): string | null =>
    typeof value === "string" || typeof value === "number" ? String(value) : null;
  const parts = Object.entries(run.record.fingerprint)
    .map(([key, value]) => [key, text(value)])
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key} ${value}`);
  return parts.length === 0 ? null : parts.slice(0, 8).join(", ");
}

/** The first screen: what ran on what, the verdicts, three numbers, the next command. */
export function headline(input: ReportInput): Html {
  const cards = input.items.flatMap(cardsOf).slice(0, 3);
  const verdicts = input.items.filter((i) => i.kind === "replay")
    .map((i) => i.document.ranking.recommendation);
  const on = machine(input.items);
  return markup`<p>${subject(input.items)}</p>${
    on === null ? null : markup`<p class="quiet">On: ${on}</p>`
  }${verdicts.map((v) => markup`<p class="verdict">${v}</p>`)}<ul class="cards">${
    cards.map((c) =>
      markup`<li><span class="number">${
        metricCell(c.metric)
      }</span><span class="quiet">${c.label}</span></li>`
    )
  }</ul>`;
}
