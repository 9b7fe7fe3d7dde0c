import type { MetricUnit, MetricValue } from "./metric.ts";
import {
  formatBytes,
  formatGrams,
  formatJoules,
  formatNumber,
  formatRate,
  formatRatio,
  formatSeconds,
  formatUsd,
} from "./units.ts";

const FORMATTERS: Readonly<Record<MetricUnit, (value: number) => string>> = {
  bytes: formatBytes,
  blocks: formatNumber,
  tokens: formatNumber,
  seconds: formatSeconds,
  ratio: formatRatio,
  count: formatNumber,
  joules: formatJoules,
  watts: (value) => `${formatNumber(value)} W`,
  gramsCo2e: formatGrams,
  usd: formatUsd,
  bytesPerSecond: formatRate,
  perSecond: (value) => `${formatNumber(value)}/s`,
  litres: (value) => `${formatNumber(value)} L`,
  days: (value) => `${formatNumber(value)} d`,
  unit: formatNumber,
};

/** A number of the given unit as people read it. */
export function formatInUnit(value: number, unit: MetricUnit): string {
  return FORMATTERS[unit](value);
}

/** A metric value as people read it; an unknown one prints as `unknown`. */
export function formatMetric(metric: MetricValue): string {
  if (metric.value === null) return "unknown";
  // A count above 2^53 keeps its digits; sizes have a unit that makes them short.
  if (typeof metric.value === "string" && metric.unit !== "bytes") return metric.value;
  return formatInUnit(Number(metric.value), metric.unit);
}
