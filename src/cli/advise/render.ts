import { counted } from "../../model/plural.ts";
import { formatMetric } from "../../model/format_metric.ts";
import type { MetricValue } from "../../model/metric.ts";
import type { Output } from "../output.ts";
import type { AdviseDocument } from "../schemas/advise_schema.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

const TITLES: Readonly<Record<string, string>> = {
  ttft_p99_seconds: "TTFT p99",
  tpot_p99_seconds: "TPOT p99",
  wall_seconds: "time",
  step_seconds: "step",
  total_usd: "cost",
  total_grams_co2e: "carbon",
  ssd_wear_grams_co2e: "SSD wear",
};

function cell(value: MetricValue | undefined): string {
  if (value === undefined) return "";
  if (typeof value.value !== "number") return formatMetric(value);
  return formatMetric({ ...value, value: Number(value.value.toPrecision(4)) });
}

/** More points than this make a list that nobody reads. */
const SHOWN_POINTS = 12;

/** A search; of a job the steps first, then the pairs of a step and a fault policy. */
export function renderAdvice(document: AdviseDocument, out: Output): string {
  if (document.job === undefined) return renderSearch(document, out);
  return `${out.style.bold("A step alone")}\n${renderSearch(document, out)}\n${
    out.style.bold("The whole job: steps crossed with fault policies")
  }\n${renderSearch(document.job, out)}`;
}

/** The front as a table, the recommendation with reason and stability, and how to reproduce each. */
function renderSearch(document: AdviseDocument, out: Output): string {
  const { front, points, recommendation } = document;
  const wrap = (text: string) => wrapText(text, out.width).join("\n");
  const shown = front.slice(0, SHOWN_POINTS);
  const rows = shown.map(({ point }, i) => [
    `${point === recommendation.point ? "*" : " "}${i + 1}`,
    points[point].policy,
    ...document.objectives.map((id) => cell(points[point].metrics[id] as MetricValue | undefined)),
    points[point].keepsBounds ? "yes" : "no",
  ]);
  const bounds = document.slo.map((s) => `${s.metric} ${s.operator} ${s.bound}`).join(", ");
  const table = front.length === 0 ? "" : renderTable(
    [
      { title: " #", align: "right" },
      { title: "policy", flexible: true },
      ...document.objectives.map((id) => ({ title: TITLES[id] ?? id, align: "right" as const })),
      { title: "fits" },
    ],
    rows,
    out.width,
    out.style.bold,
  );
  const refused = new Map<string, number>();
  for (const r of document.refused) refused.set(r.reason, (refused.get(r.reason) ?? 0) + 1);
  const stability = (recommendation.stability ?? [])
    .filter((s) => s.metric === document.minimize || s.metric === "total_grams_co2e")
    .map((s) => wrap(`- ${s.sentence} (${s.view} view)`));
  return [
    wrap(
      `${document.searched} points searched on ${document.trace.name}; ${front.length} are not beaten ` +
        `by any other${bounds === "" ? "" : `; bounds: ${bounds}`}`,
    ),
    "",
    table,
    out.style.bold(recommendation.worthIt ? "Recommendation" : "Nothing to recommend"),
    wrap(recommendation.reason),
    ...stability,
    ...(recommendation.command === null ? [] : [
      "",
      "reproduce it:",
      ...(recommendation.priceCommand === null ? [`  ${recommendation.command}`] : [
        `  ${recommendation.command} --json > point.json`,
        `  ${recommendation.priceCommand}`,
      ]),
    ]),
    ...(front.length === 0 ? [] : [
      "",
      out.style.bold("The front"),
      ...shown.flatMap((f, i) => [wrap(`${i + 1}. ${points[f.point].name}`), `   ${f.command}`]),
      ...(front.length > shown.length
        ? [`and ${front.length - shown.length} more: --json lists them with their commands`]
        : []),
    ]),
    ...(refused.size === 0 ? [] : [
      "",
      ...[...refused].map(([reason, n]) => wrap(`refused (${counted(n, "point")}): ${reason}`)),
    ]),
    ...(document.warnings.length === 0 ? [] : [
      "",
      ...document.warnings.map((w) => wrap(`warning: ${w}`)),
    ]),
    "",
  ].join("\n");
}
