import type { MetricDefinition, MetricUnit } from "../metric.ts";

/** A metric as the families' tables list it; without a source of its own it has the family's. */
export type MetricRow = readonly [
  id: string,
  unit: MetricUnit,
  title: string,
  better: MetricDefinition["better"],
  formula: string,
  source?: string,
];

/** Turns rows of one family into definitions of metrics that a gate compares exactly. */
export function metricDefiner(
  family: string,
  familySource = "this tool",
): (...row: MetricRow) => MetricDefinition {
  return (id, unit, title, better, formula, source = familySource) => ({
    id,
    unit,
    family,
    title,
    better,
    nature: "exact",
    formula,
    source,
  });
}
