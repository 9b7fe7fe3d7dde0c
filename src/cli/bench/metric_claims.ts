import { usageError } from "../../model/errors.ts";
import type { Metrics } from "../../model/metric.ts";
import type { Claim } from "../../model/prediction.ts";
import { closest } from "../did_you_mean.ts";

/**
 * Claims out of a replay's metrics. What follows exactly from trace and policy must be equal, what rests on
 * a cost model may be off by `within`. Unknown metrics claim nothing.
 *
 * @param wanted Only these metric ids, null for all.
 * @throws usage error for an id that the replay does not give.
 */
export function metricClaims(
  metrics: Metrics,
  wanted: readonly string[] | null,
  within: number,
): Claim[] {
  if (!(within > 0 && within <= 10)) {
    throw usageError(`--within: ${within} is not between 0 and 10`, "0.15 means 15 %");
  }
  const ids = wanted ?? Object.keys(metrics);
  const unknown = ids.find((id) => metrics[id] === undefined);
  if (unknown !== undefined) {
    const near = closest(unknown, Object.keys(metrics));
    throw usageError(
      `--metrics: the replay gives no "${unknown}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      `it gives ${Object.keys(metrics).join(", ")}`,
    );
  }
  const claims = ids.flatMap((id): Claim[] => {
    const metric = metrics[id];
    const predicted = Number(metric.value);
    if (metric.value === null || !Number.isFinite(predicted)) return [];
    const isExact = metric.evidence === "replayed";
    return [{
      quantity: id,
      unit: metric.unit,
      predicted,
      low: metric.low ?? null,
      high: metric.high ?? null,
      within: isExact ? 0 : within,
      assumption: isExact ? "it follows from the trace and the policy" : "the replay's cost model",
      calibrationResidual: null,
    }];
  });
  if (claims.length === 0) throw usageError("predict: every metric that was asked for is unknown");
  return claims;
}
