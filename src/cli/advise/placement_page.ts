import type { AdviceDocument } from "../../model/advice.ts";
import type { Figure } from "../../model/figure.ts";
import type { Json } from "../../model/json.ts";
import { metric, type Metrics, unknownMetric } from "../../model/metric.ts";
import type { CoefficientUse } from "../../model/results.ts";
import type { PlacementDocument } from "../schemas/placement_schema.ts";

type PlacedClass = PlacementDocument["classes"][number];
type Interval = PlacedClass["usdPerMonth"];

function metricsOf(c: PlacedClass): Metrics {
  const of = (i: Interval, unit: "usd" | "gramsCo2e") =>
    i === null
      ? unknownMetric(unit, "assumed", c.reason)
      : metric(i.mid, unit, "assumed", { low: i.low, high: i.high });
  return {
    total_usd: of(c.usdPerMonth, "usd"),
    total_grams_co2e: of(c.gramsPerMonth, "gramsCo2e"),
  };
}

function bars(
  title: string,
  rows: readonly { readonly label: string; readonly interval: Interval }[],
  options: { readonly xTitle: string; readonly unit: string },
): Figure[] {
  const known = rows.flatMap(({ label, interval }) =>
    interval === null
      ? []
      : [{ label, value: interval.mid, low: interval.low, high: interval.high }]
  );
  return known.length === 0 ? [] : [{ chart: "bars", title, rows: known, options }];
}

function placeOf(c: PlacedClass): string {
  if (c.chosen === null) return "nowhere";
  return [...new Set(c.chosen.map((p) => p.medium))].join(" + ");
}

/** A placement as the store keeps it and a report shows it. */
export function placementPage(document: PlacementDocument): AdviceDocument {
  const byCost = document.minimize === "total_usd";
  const options = byCost
    ? { xTitle: "cost a month", unit: "usd" }
    : { xTitle: "carbon a month", unit: "gramsCo2e" };
  const saved = byCost
    ? { xTitle: "saved over the hardware's life", unit: "usd" }
    : { xTitle: "saved over the hardware's life", unit: "gramsCo2e" };
  const places = document.classes.map((c) => `${c.name} on ${placeOf(c)}`).join(", ");
  return {
    schema: "spillway/advice/1",
    tool: { ...document.tool },
    summary: `placement: ${places}`,
    title: `Placement at ${document.site}: least ${byCost ? "cost" : "carbon"}`,
    verdicts: document.classes.map((c) =>
      c.chosen === null ? `${c.name}: ${c.reason}` : `put ${c.name} on ${placeOf(c)}: ${c.reason}`
    ),
    subjects: document.classes.map((c) => ({
      name: `${c.name} on ${placeOf(c)}, a month`,
      metrics: metricsOf(c),
      command: null,
    })),
    figures: document.classes.flatMap((c) => [
      ...bars(
        `${c.name}: every medium`,
        c.options.map((o) => ({
          label: o.meetsLatency ? o.title : `${o.title} (too slow)`,
          interval: byCost ? o.usdPerMonth : o.gramsPerMonth,
        })),
        options,
      ),
      ...bars(
        `${c.name}: what storing less saves`,
        c.savers.map((s) => ({
          label: s.name,
          interval: byCost ? s.savedUsdInterval : s.savedGramsInterval,
        })).filter((s) => (s.interval?.mid ?? 0) > 0),
        saved,
      ),
    ]),
    coefficients: document.coefficients as CoefficientUse[],
    warnings: document.warnings,
    answer: document as unknown as Json,
  };
}
