import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricValue } from "../../model/metric.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import type { EstimateDocument } from "../../model/results.ts";
import { formatNumber } from "../../model/units.ts";
import type { Output } from "../output.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

function short(value: number): string {
  return formatNumber(Number(value.toPrecision(3)));
}

function shown(value: MetricValue | undefined): string {
  if (value === undefined) return "";
  return value.value === null
    ? "unknown"
    : formatInUnit(Number(Number(value.value).toPrecision(4)), value.unit);
}

function interval(value: MetricValue): string {
  if (value.value === null || value.low === undefined || value.high === undefined) return "";
  if (value.low === value.high) return "exact";
  const rounded = (x: number) => formatInUnit(Number(x.toPrecision(3)), value.unit);
  return `${rounded(value.low)}..${rounded(value.high)}`;
}

/** One result: every metric with its interval and evidence; the reasons of unknown ones below. */
function oneResult(document: EstimateDocument, index: number, out: Output): string {
  const { metrics } = document.results[index];
  const entries = Object.entries(metrics);
  const table = renderTable(
    [{ title: "metric", flexible: true, wrap: true }, { title: "value", align: "right" }, {
      title: "low..high",
      align: "right",
    }, { title: "evidence" }],
    entries.map(([id, v]) => [id, shown(v), interval(v), v.value === null ? "" : v.evidence]),
    out.width,
    out.style.bold,
  );
  const reasons = new Map<string, string[]>();
  for (const [id, v] of entries) {
    if (v.value !== null || v.reason === undefined) continue;
    reasons.set(v.reason, [...(reasons.get(v.reason) ?? []), id]);
  }
  const why = [...reasons].flatMap(([reason, ids]) =>
    wrapText(`unknown: ${ids.join(", ")}: ${reason}`, out.width)
  );
  return table + (why.length === 0 ? "" : `\n${why.join("\n")}\n`);
}

const COMPARED = [
  ["energy_joules", "energy"],
  ["total_grams_co2e", "carbon"],
  ["decision_grams_co2e", "decision"],
  ["total_usd", "cost"],
  ["ssd_wear_ratio", "SSD wear"],
] as const;

function manyResults(document: EstimateDocument, out: Output): string {
  const columns = COMPARED.filter(([id]) => document.results.some((r) => r.metrics[id]));
  const table = renderTable(
    [
      { title: "result", flexible: true, wrap: true },
      ...columns.map(([, title]) => ({ title, align: "right" as const })),
    ],
    document.results.map((r) => [
      r.name,
      ...columns.map(([id]) => shown(r.metrics[id])),
    ]),
    out.width,
    out.style.bold,
  );
  const spans = ([["total_grams_co2e", "carbon"], ["total_usd", "cost"]] as const)
    .filter(([id]) => document.results.some((r) => typeof r.metrics[id]?.value === "number"));
  const spread = spans.length === 0 ? "" : `\n${
    renderTable(
      [
        { title: "result", flexible: true, wrap: true },
        ...spans.map(([, title]) => ({ title: `${title} low..high`, align: "right" as const })),
      ],
      document.results.map((r) => [
        r.name,
        ...spans.map(([id]) => r.metrics[id] === undefined ? "" : interval(r.metrics[id])),
      ]),
      out.width,
      out.style.bold,
    )
  }`;
  const reasons = new Set(
    document.results.flatMap((r) =>
      columns.flatMap(([id]) => r.metrics[id]?.value === null ? [r.metrics[id].reason ?? ""] : [])
    ),
  );
  const why = [...reasons].flatMap((r) => wrapText(`unknown: ${r}`, out.width));
  const carbon = metricDefinition("decision_grams_co2e");
  return table + spread + (why.length === 0 ? "" : `\n${why.join("\n")}\n`) +
    `\n${
      wrapText(`carbon: all embodied carbon counted; decision: ${carbon?.formula}`, out.width).join(
        "\n",
      )
    }\n`;
}

/** Energy between marks, and over requests, where the document has them. */
function partsText(document: EstimateDocument, out: Output): string {
  const joules = (value: number) => formatInUnit(Number(value.toPrecision(4)), "joules");
  const grams = (value: number | null) =>
    value === null ? "unknown" : formatInUnit(Number(value.toPrecision(3)), "gramsCo2e");
  const right = "right" as const;
  const phases = document.phases === undefined ? "" : `\n${
    renderTable(
      [
        { title: "phase", flexible: true },
        { title: "from..to s", align: right },
        { title: "energy", align: right },
        { title: "measured", align: right },
        { title: "share", align: right },
        { title: "operational", align: right },
      ],
      document.phases.map((p) => [
        p.name,
        `${short(p.startSeconds)}..${short(p.endSeconds)}`,
        joules(p.joules),
        p.measuredJoules === null ? "none" : joules(p.measuredJoules),
        p.share === null ? "" : `${Number((p.share * 100).toPrecision(3))} %`,
        grams(p.grams),
      ]),
      out.width,
      out.style.bold,
    )
  }`;
  const requests = document.requests === undefined ? "" : `\n${
    renderTable(
      [
        { title: "energy of a request", flexible: true },
        { title: "median", align: right },
        { title: "p99", align: right },
        { title: "most", align: right },
        { title: "all", align: right },
        { title: "input", align: right },
      ],
      document.requests.map((r) => [
        r.result,
        joules(r.p50Joules),
        joules(r.p99Joules),
        joules(r.maxJoules),
        joules(r.sumJoules),
        r.inputShare === null ? "" : `${Number((r.inputShare * 100).toPrecision(3))} %`,
      ]),
      out.width,
      out.style.bold,
    )
  }`;
  return phases + requests;
}

function section(title: string, lines: readonly string[], out: Output): string {
  if (lines.length === 0) return "";
  const body = lines.flatMap((line) =>
    wrapText(line, out.width - 2).map((part, i) => (i === 0 ? `- ${part}` : `  ${part}`))
  );
  return `\n${out.style.bold(title)}\n${body.join("\n")}\n`;
}

/** The estimate as people read it: numbers, verdicts, assumptions, warnings. */
export function renderEstimate(document: EstimateDocument, out: Output): string {
  const { subject, site } = document;
  const head = `${out.style.bold(`Estimate of ${subject.kind} ${subject.name}`)} at site ` +
    `${String(site.name)} (${String(site.ownership)})\n\n`;
  const body = document.results.length === 1
    ? oneResult(document, 0, out)
    : manyResults(document, out);
  const grid = document.crossover;
  const crossing = grid === undefined || grid.crossesAt === null ? [] : [
    `the two best cross at a grid of ${formatNumber(Number(grid.crossesAt.toPrecision(4)))} g/kWh`,
  ];
  const assumptions = document.coefficients.length === 0 ? "" : `\n${
    renderTable(
      [
        { title: "assumption" },
        { title: "value", align: "right" },
        { title: "low..high", align: "right" },
        { title: "as of: source", flexible: true, wrap: true },
      ],
      document.coefficients.map((c) => [
        c.id,
        `${formatNumber(Number(c.mid.toPrecision(4)))} ${c.unit}`,
        c.low === c.high ? "" : `${short(c.low)}..${short(c.high)}`,
        `${c.asOf.slice(0, 7)}: ${c.source}`,
      ]),
      out.width,
      out.style.bold,
    )
  }`;
  return head + body + partsText(document, out) +
    section(
      "How firm is it?",
      [...(document.comparisons ?? []).map((c) => `${c.sentence} (${c.view} view)`), ...crossing],
      out,
    ) +
    section(
      "Notes",
      document.results.flatMap((r) =>
        (r.notes ?? []).map((n) => document.results.length === 1 ? n : `${r.name}: ${n}`)
      ),
      out,
    ) +
    assumptions +
    section("Warnings", document.warnings, out);
}
