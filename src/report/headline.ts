import type { MetricValue } from "../model/metric.ts";
import { bestOf } from "../model/best_result.ts";
import { resultLabels } from "../model/result_labels.ts";
import { formatSeconds } from "../model/units.ts";
import { evidenceWord } from "./evidence_tag.ts";
import { formatInUnit, formatMetric } from "../model/format_metric.ts";
import { type Html, markup } from "./html.ts";
import type { ReportInput, ReportItem } from "./input.ts";
import { familyLabel, metricLabel } from "./labels.ts";
import { machineText } from "./machine.ts";
import { nextCommand } from "./next_command.ts";
import { stallSentence } from "./stall_sentence.ts";
import { facts } from "./table.ts";

interface Card {
  readonly label: string;
  readonly metric: MetricValue;
  readonly href: string;
}

/** Metrics worth the first screen, most telling first. */
const RUN_METRICS = [
  "gpu_energy_joules",
  "gpu_utilization_ratio",
  "disk_written_bytes",
  "disk_read_bytes",
  "run_seconds",
  "cpu_busy_ratio",
];
const ESTIMATE_METRICS = ["total_grams_co2e", "total_usd", "energy_joules"];

function cardsOf(item: ReportItem): Card[] {
  const href = `#${item.id}`;
  if (item.kind === "run") {
    const { metrics, name } = item.record;
    return [...new Set([...RUN_METRICS, ...Object.keys(metrics)])]
      .filter((id) => typeof metrics[id]?.value === "number")
      .map((id) => ({ label: `${metricLabel(id)}, ${name}`, metric: metrics[id], href }));
  }
  if (item.kind === "replay") {
    const { results, ranking } = item.document;
    const best = bestOf(ranking);
    const metric = best === undefined ? undefined : results[best.result].metrics[ranking.by];
    return metric === undefined ? [] : [{
      label: `${metricLabel(ranking.by)} of ${resultLabels(results)[best!.result]}, the best of ` +
        `${results.length}${best === ranking.order[0] ? "" : " that keeps the answers"}`,
      metric,
      href,
    }];
  }
  if (item.kind === "gate" || item.kind === "score") return [];
  const [first] = item.kind === "advice" ? item.document.subjects : item.document.results;
  return ESTIMATE_METRICS.filter((id) => first?.metrics[id] !== undefined).map((id) => ({
    label: `${metricLabel(id)} of ${first.name}`,
    metric: first.metrics[id],
    href,
  }));
}

/** Three cards: of each kind of item one, then the next ones. */
function chosenCards(items: readonly ReportItem[]): Card[] {
  const kinds = ["run", "replay", "estimate", "advice"] as const;
  const queues = kinds.map((kind) => items.filter((i) => i.kind === kind).map(cardsOf));
  const chosen: Card[] = [];
  for (let round = 0; chosen.length < 3 && round < 20; round++) {
    for (const queue of queues) {
      // The first number of the next item, else the next number of the first one.
      const list = queue.length === 0 ? [] : queue[round % queue.length];
      const card = list[Math.floor(round / Math.max(1, queue.length))];
      if (card !== undefined && chosen.length < 3) chosen.push(card);
    }
  }
  return chosen;
}

function cardHtml({ label, metric, href }: Card): Html {
  const { low, high } = metric;
  const range = low === undefined || high === undefined || low === high
    ? null
    : markup`<span class="range">${formatInUnit(low, metric.unit)} to ${
      formatInUnit(high, metric.unit)
    }</span>`;
  return markup`<li><span class="number">${
    formatMetric(metric)
  }</span>${range}<a href="${href}">${label}</a>${evidenceWord(metric.evidence)}</li>`;
}

/** The first sentence of a recommendation; the rest stands in the section. */
export function firstSentence(text: string): string {
  const end = /[.;](?=\s+\S)/.exec(text);
  return end === null ? text : `${text.slice(0, end.index)}.`;
}

function verdicts(items: readonly ReportItem[]): Html | null {
  const lines = items.flatMap((item): [string, string, string][] => {
    if (item.kind === "replay") {
      const { ranking, family } = item.document;
      return [[item.id, familyLabel(family), firstSentence(ranking.recommendation)]];
    }
    if (item.kind === "advice") {
      const [verdict] = item.document.verdicts;
      return verdict === undefined ? [] : [[item.id, "Advice", firstSentence(verdict)]];
    }
    if (item.kind === "score") {
      return [[item.id, "Predicted against measured", `${item.document.summary}.`]];
    }
    if (item.kind === "run" && item.record.stalls !== undefined) {
      return [[item.id, "Recording", firstSentence(stallSentence(item.record.stalls))]];
    }
    if (item.kind === "gate") {
      const { verdict, subject } = item.document;
      return [[item.id, "Gate", `${verdict.toUpperCase()} for ${subject}`]];
    }
    return [];
  });
  if (lines.length === 0) return null;
  return markup`<ul class="verdicts">${
    lines.map(([id, kind, text]) =>
      markup`<li><a href="#${id}">${kind}</a> <span>${text}</span></li>`
    )
  }</ul>`;
}

/** What ran, in a sentence an item. */
function subject(items: readonly ReportItem[]): Html {
  const runs = items.filter((i) => i.kind === "run");
  const traces = [
    ...new Set(items.filter((i) => i.kind === "replay").map((i) => i.document.trace.name)),
  ];
  const count = items.filter((i) => i.kind === "replay").length;
  const ran = runs.map((r) =>
    markup`<code>${
      r.record.command.length === 0 ? r.record.name : r.record.command.join(" ")
    }</code> for ${formatSeconds(r.record.durationNs / 1e9)}. `
  );
  const machines = [...new Set(runs.map((r) => machineText(r.record.fingerprint)))]
    .filter((m) => m !== null);
  return facts([
    ["Ran", ran.length === 0 ? null : markup`${ran}`],
    ["On", machines.length === 0 ? null : machines.join("; ")],
    [
      "Replayed",
      count === 0
        ? null
        : `${traces.join(", ")} under ${
          items.flatMap((i) => i.kind === "replay" ? i.document.results : []).length
        } policies and settings`,
    ],
  ]);
}

/** The first screen: what ran on what, the verdicts, three numbers, the next command. */
export function headline(input: ReportInput): Html {
  const cards = chosenCards(input.items);
  return markup`<div class="lead">${subject(input.items)}${verdicts(input.items)}${
    cards.length === 0 ? null : markup`<ul class="cards">${cards.map(cardHtml)}</ul>`
  }<p class="next"><span>Next</span> <code>${nextCommand(input.items)}</code></p></div>`;
}
