import type { Evidence } from "./evidence.ts";

/** Units of metric values; the unit also stands at the end of the metric's id where it is not a count. */
export type MetricUnit =
  | "bytes"
  | "blocks"
  | "tokens"
  | "seconds"
  | "ratio"
  | "count"
  | "joules"
  | "watts"
  | "gramsCo2e"
  | "usd"
  | "bytesPerSecond"
  | "perSecond"
  | "days"
  | "litres"
  | "unit";

/** What the tool knows about a metric, before any value of it exists. `explain <id>` prints this. */
export interface MetricDefinition {
  /** Stable snake_case id, unit at the end: `peak_reserved_bytes`. */
  readonly id: string;
  readonly unit: MetricUnit;
  readonly family: string;
  readonly title: string;
  /** Which way is better; `none` for facts of the trace. Gates take the direction from here. */
  readonly better: "lower" | "higher" | "none";
  /** `exact` metrics are compared exactly by a gate, `sampled` ones by statistics over runs. */
  readonly nature: "exact" | "sampled";
  /** How it is computed, in symbols and words. */
  readonly formula: string;
  /** Paper and section, document, or "this tool". */
  readonly source: string;
}

/** A number with its evidence. `value` is null when unknown, and then `reason` says why. */
export interface MetricValue {
  /** Integers above 2^53 are decimal strings. */
  readonly value: number | string | null;
  readonly unit: MetricUnit;
  readonly evidence: Evidence;
  readonly low?: number;
  readonly high?: number;
  /** How many observations the value summarises (percentiles, means). */
  readonly count?: number;
  /** Why the value is null, or what a reader must know of it. */
  readonly reason?: string;
}

/** The metrics of one replay, estimate or run, by metric id. */
export type Metrics = Record<string, MetricValue>;

/** A known value. */
export function metric(
  value: number,
  unit: MetricUnit,
  evidence: Evidence,
  extra: { low?: number; high?: number; count?: number; reason?: string } = {},
): MetricValue {
  if (!Number.isFinite(value)) {
    return unknownMetric(unit, evidence, extra.reason ?? `the computation gave ${value}`);
  }
  return { value, unit, evidence, ...extra };
}

/** A value that is not known: null, with the reason. */
export function unknownMetric(unit: MetricUnit, evidence: Evidence, reason: string): MetricValue {
  return { value: null, unit, evidence, reason };
}

/** An exact integer of any size: a number where it is safe, a decimal string above 2^53. */
export function exactInteger(value: bigint | number): number | string {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value.toString();
}
