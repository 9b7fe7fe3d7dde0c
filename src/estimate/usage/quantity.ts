import type { Evidence } from "../../model/evidence.ts";
import type { MetricUnit } from "../../model/metric.ts";
import type { Formula } from "../interval.ts";

/** A quantity of an estimate as a formula, so that two estimates can be compared with tied coefficients. */
export interface Quantity {
  readonly unit: MetricUnit;
  readonly formula: string;
  readonly coefficients: readonly string[];
  readonly evidence: Evidence;
  readonly value: Formula;
}

export interface Unknowable {
  readonly unit: MetricUnit;
  readonly reason: string;
}

export function isKnown(q: Quantity | Unknowable | undefined): q is Quantity {
  return q !== undefined && "value" in q;
}

/** Adds a quantity under its metric id; null adds nothing. */
export type Put = (id: string, q: Quantity | Unknowable | null) => void;
