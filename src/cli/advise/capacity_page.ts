import type { AdviceDocument } from "../../model/advice.ts";
import type { Json } from "../../model/json.ts";
import type { Metrics } from "../../model/metric.ts";
import type { CoefficientUse } from "../../model/results.ts";
import { VERSION } from "../../runtime/version.ts";
import type { CapacityDocument } from "../schemas/capacity_schema.ts";

/** The capacity advice as the store keeps it and a report shows it. */
export function capacityPage(document: CapacityDocument): AdviceDocument {
  const growth = document.growth.flatMap((y) => [
    { x: y.year, y: y.hbm?.gpus ?? null, series: "KV in GPU memory" },
    { x: y.year, y: y.tiered?.gpus ?? null, series: "KV on a tier" },
    { x: y.year, y: y.recompute?.gpus ?? null, series: "recompute" },
  ]);
  return {
    schema: "spillway/advice/1",
    tool: { name: "spillway", version: VERSION },
    summary: `capacity for ${document.trace.name}: ${document.advice}`,
    title: `GPUs for ${document.trace.name}: memory or work`,
    verdicts: [
      document.advice,
      ...document.worth.flatMap((w) => [w.usdVerdict, w.gramsVerdict]).filter((v) => v !== null),
    ],
    subjects: document.designs.map((d) => ({
      name: `${d.name}, ${d.size.gpus} GPUs`,
      metrics: d.metrics as Metrics,
      command: null,
    })),
    figures: [{
      chart: "lines",
      title: "GPUs as demand and cards grow",
      rows: growth,
      options: { xTitle: "years from now", yTitle: "GPUs", height: 240 },
    }],
    coefficients: document.coefficients as CoefficientUse[],
    warnings: document.warnings,
    answer: document as unknown as Json,
  };
}
