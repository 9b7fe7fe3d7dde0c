import type { EstimateDocument, ReplayDocument } from "../../model/results.ts";
import { resultLabels } from "../../model/result_labels.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { metricLabel, slug } from "../labels.ts";
import type { DrawChart } from "../render_chart.ts";
import { paretoRows } from "../shape.ts";

interface Pair {
  readonly replay: ReplayDocument;
  readonly estimate: EstimateDocument;
}

/** Estimates with the replay that they price. */
function pairs(items: readonly ReportItem[]): Pair[] {
  return items.flatMap((item) => {
    if (item.kind !== "estimate" || item.document.subject.kind !== "replay") return [];
    const { subject } = item.document;
    const replay = items.find((i) =>
      i.kind === "replay" && (i.id === subject.id || i.document.trace.name === subject.name)
    );
    return replay?.kind !== "replay" ? [] : [{ replay: replay.document, estimate: item.document }];
  });
}

async function tradeoff({ replay, estimate }: Pair, draw: DrawChart): Promise<Html | null> {
  const labels = resultLabels(replay.results);
  const { by, better } = replay.ranking;
  const points = replay.results.flatMap((result, i) => {
    const priced = estimate.results.find((r) => r.name === labels[i] || r.name === result.policy);
    const ranked = result.metrics[by];
    const [usd, grams] = [
      priced?.metrics.total_usd?.value,
      priced?.metrics.total_grams_co2e?.value,
    ];
    if (typeof ranked?.value !== "number" || typeof grams !== "number") return [];
    // The front looks for the smallest in everything.
    const y = better === "lower" ? ranked.value : -ranked.value;
    return [{ label: labels[i], usd: typeof usd === "number" ? usd : null, grams, y }];
  });
  if (points.length < 2) return null;
  // Where no price is known, carbon alone is the other side.
  const priced = points.every((p) => p.usd !== null);
  const rows = paretoRows(
    points.map((p) => ({ ...p, x: priced ? p.usd! : p.grams, z: priced ? p.grams : 0 })),
  );
  const { name } = estimate.subject;
  const figure = await draw("tradeoff", {
    title: `${metricLabel(by)} against ${priced ? "cost and carbon" : "carbon"} of ${name}`,
    rows: rows.map(({ label, x, y, z, front }) => ({
      label,
      x,
      y: Math.abs(y),
      ...(priced ? { z } : {}),
      front,
    })),
    options: {
      xUnit: priced ? "usd" : "gramsCo2e",
      yUnit: replay.results[0].metrics[by].unit,
      zUnit: "gramsCo2e",
      xTitle: priced ? "Cost" : "Carbon",
      yTitle: metricLabel(by),
      zTitle: "carbon",
    },
  });
  const front = rows.filter((r) => r.front === 1);
  const costs = priced ? "time, cost and carbon" : "time and carbon";
  return markup`<section id="tradeoff-${slug(name)}"><h2><span class="kind">Trade-off</span> ${
    metricLabel(by)
  } against what it costs</h2><p>${
    front.length === 1
      ? `${front[0].label} is at least as good as every other in ${costs}.`
      : `${
        front.map((f) => `${f.label} (${formatInUnit(f.grams, "gramsCo2e")})`).join(", ")
      }: none is better than another in everything.`
  } The intervals of the coefficients are wider than most differences: read the estimate beside it.</p>${figure}</section>`;
}

/** A section for every estimate of a replay that stands in the report too. */
export async function tradeoffSections(
  items: readonly ReportItem[],
  draw: DrawChart,
): Promise<Html[]> {
  const sections: Html[] = [];
  for (const pair of pairs(items)) {
    const section = await tradeoff(pair, draw);
    if (section !== null) sections.push(section);
  }
  return sections;
}
