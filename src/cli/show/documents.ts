import type { Observation } from "../../gate/observations.ts";
import type { Verdict } from "../../gate/verdict.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { counted } from "../../model/plural.ts";
import type { Claim, PredictionDocument, ScoreDocument } from "../../model/prediction.ts";
import { renderScore } from "../bench/score_render.ts";
import { type BaselineDocument } from "../gate/baseline_document.ts";
import { renderVerdict } from "../gate/render_verdict.ts";
import type { Output } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";
import { labelled } from "./render.ts";

/** Claims of a prediction with their intervals and bars. */
export function renderClaims(claims: readonly Claim[], out: Output): string {
  return renderTable(
    ["claim", "predicted", "low", "high", "bar"].map((title, i) => ({
      title,
      align: i === 0 ? "left" as const : "right" as const,
      flexible: i === 0,
    })),
    claims.map((c) => [
      c.quantity,
      formatInUnit(c.predicted, c.unit),
      c.low === null ? "-" : formatInUnit(c.low, c.unit),
      c.high === null ? "-" : formatInUnit(c.high, c.unit),
      c.within === 0 ? "equal" : formatInUnit(c.within, "ratio"),
    ]),
    out.width,
    out.style.bold,
  );
}

function observed({ values, unit }: Observation): [string, string, string] {
  const sorted = [...values].sort((a, b) => a - b);
  const shown = (at: number) => formatInUnit(sorted[at], unit as MetricUnit);
  return [shown(0), shown((sorted.length - 1) >> 1), shown(sorted.length - 1)];
}

/** What a baseline holds: every metric that was observed, and how many were not. */
export function renderBaseline(document: BaselineDocument, out: Output): string {
  const all = Object.entries(document.observations).sort(([a], [b]) => a < b ? -1 : 1);
  const known = all.filter(([, o]) => o.values.length > 0);
  const git = document.git === null
    ? "not in a repository"
    : `${document.git.commit}${document.git.dirty ? " with changes" : ""}`;
  const facts: (readonly [string, string])[] = [["made", document.createdAt], ["commit", git]];
  if (document.incomplete !== null) facts.push(["incomplete", document.incomplete]);
  const table = renderTable(
    ["metric", "runs", "low", "median", "high", "evidence"].map((title, i) => ({
      title,
      align: i === 0 || i === 5 ? "left" as const : "right" as const,
      ...(i === 0 ? { flexible: true, wrap: true } : {}),
    })),
    known.map(([name, o]) => [name, String(o.values.length), ...observed(o), o.evidence]),
    out.width,
    out.style.bold,
  );
  const missing = all.length - known.length;
  const note = missing === 0
    ? ""
    : `\n${counted(missing, "metric was", "metrics were")} not observed; --json says why.\n`;
  return `${labelled(facts, out.width)}\n${table}${note}`;
}

/** A verdict, a baseline, a prediction or a score, as the command that made it prints it. */
export function renderDocument(
  document: { readonly schema: string },
  summary: string,
  out: Output,
): string {
  switch (document.schema) {
    case "spillway/gate/1":
      return renderVerdict(document as Verdict, out);
    case "spillway/baseline/1":
      return renderBaseline(document as BaselineDocument, out);
    case "spillway/prediction/1": {
      const { claims, knob, sealedAt } = document as PredictionDocument;
      const facts: (readonly [string, string])[] = [["made", sealedAt]];
      if (knob !== null) facts.push(["knob", `${knob.name} from ${knob.from} to ${knob.to}`]);
      return `${wrapText(summary, out.width).join("\n")}\n${labelled(facts, out.width)}\n` +
        renderClaims(claims, out);
    }
    case "spillway/score/1":
      return renderScore(document as ScoreDocument, out);
    default:
      return `${safeText(summary)}\n`;
  }
}
