import type { AdviceDocument } from "../../model/advice.ts";
import type { Json } from "../../model/json.ts";
import type { Metrics } from "../../model/metric.ts";
import type { CoefficientUse } from "../../model/results.ts";
import type { LifecycleDocument } from "../schemas/lifecycle_schema.ts";

/** A life cycle as the store keeps it and a report shows it. */
export function lifecyclePage(document: LifecycleDocument): AdviceDocument {
  const bars = document.stages.flatMap((s) => {
    const metric = (s.metrics as Metrics).total_grams_co2e;
    return typeof metric?.value === "number"
      ? [{ label: s.name, value: metric.value, low: metric.low ?? null, high: metric.high ?? null }]
      : [];
  });
  const savings = document.savings.flatMap((s) =>
    s.savedGrams === null || s.savedGrams.mid <= 0 ? [] : [{
      label: `${s.stage}: ${s.name}`,
      value: s.savedGrams.mid,
      low: s.savedGrams.low,
      high: s.savedGrams.high,
    }]
  ).slice(0, 12);
  const figure = (title: string, rows: typeof bars) =>
    rows.length === 0
      ? []
      : [{ chart: "bars", title, rows, options: { xTitle: "carbon", unit: "gramsCo2e" } }];
  return {
    schema: "spillway/advice/1",
    tool: { ...document.tool },
    summary: document.summary,
    title: `Life cycle: ${document.name}`,
    verdicts: document.verdicts,
    subjects: [document.total, ...document.stages].map((r) => ({
      name: r.name,
      metrics: r.metrics as Metrics,
      command: null,
    })),
    figures: [
      ...figure("Carbon of each stage of the life", bars),
      ...figure("What storing less saves over the life", savings),
    ],
    coefficients: document.coefficients as CoefficientUse[],
    warnings: document.warnings,
    answer: document as unknown as Json,
  };
}
