import { usageError } from "../../model/errors.ts";
import type { Metrics } from "../../model/metric.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import { parseBytes, parseSeconds } from "../../model/units.ts";

/** A bound that a point must keep: `ttft_p99_seconds<2`. */
export interface Slo {
  readonly metric: string;
  readonly operator: "<" | "<=" | ">" | ">=";
  readonly bound: number;
}

function boundOf(text: string, metric: string, unit: string): number {
  if (text.endsWith("%")) return Number(text.slice(0, -1)) / 100;
  if (unit === "seconds") return parseSeconds(text, `--slo ${metric}`);
  if (unit === "bytes") return parseBytes(text, `--slo ${metric}`);
  return text === "" ? NaN : Number(text);
}

/**
 * Parses one `--slo`: a metric id, `<`, `<=`, `>` or `>=`, and a number with a unit where the metric has
 * one (`ttft_p99_seconds<500ms`).
 *
 * @param near Suggests a metric id for a mistyped one.
 * @throws usage error.
 */
export function parseSlo(
  text: string,
  near: (id: string) => string | undefined = () => undefined,
): Slo {
  const match = /^\s*([a-z0-9_]+)\s*(<=|>=|<|>)\s*(\S.*?)\s*$/.exec(text);
  if (match === null) {
    throw usageError(
      `--slo: "${text}" is no bound, expected a metric id, <, <=, > or >=, and a number`,
      'write --slo "ttft_p99_seconds<2"',
    );
  }
  const [, metric, operator, right] = match;
  const definition = metricDefinition(metric);
  if (definition === undefined) {
    const guess = near(metric);
    throw usageError(
      `--slo: there is no metric "${metric}"` +
        (guess === undefined ? "" : `; did you mean "${guess}"?`),
      '"spillway explain metric" lists them',
    );
  }
  const bound = boundOf(right, metric, definition.unit);
  if (!Number.isFinite(bound)) throw usageError(`--slo: "${right}" is no number for ${metric}`);
  return { metric, operator: operator as Slo["operator"], bound };
}

/** Whether metrics keep a bound; an unknown value does not. */
export function meets(metrics: Metrics, slo: Slo): boolean {
  const value = metrics[slo.metric]?.value;
  if (value === null || value === undefined) return false;
  const x = Number(value);
  switch (slo.operator) {
    case "<":
      return x < slo.bound;
    case "<=":
      return x <= slo.bound;
    case ">":
      return x > slo.bound;
    case ">=":
      return x >= slo.bound;
  }
}

export function sloText(slo: Slo): string {
  return `${slo.metric}${slo.operator}${slo.bound}`;
}
