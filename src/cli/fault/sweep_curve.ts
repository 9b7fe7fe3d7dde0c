import type { Series } from "../../model/policy.ts";
import type { PolicyResult, ReplayDocument } from "../../model/results.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";
import { asyncGoodput } from "../../replay/fault/forms/goodput.ts";
import { exactInterval } from "../../replay/fault/optimum.ts";

/** Parameters of a result as numbers; NaN where there is none. */
function numberOf(result: PolicyResult, key: string): number {
  const value = result.params[key];
  return typeof value === "number" ? value : NaN;
}

/**
 * Adds to the first result of each swept policy the curve of goodput over the interval, the closed form for
 * exponential failures beside it, and a note that marks its optimum (F3; it does not depend on the restart).
 */
export function withIntervalCurves(document: ReplayDocument, mtbf: number | null): ReplayDocument {
  const results = [...document.results];
  for (const policy of new Set(results.map((r) => r.policy))) {
    const points = results
      .filter((r) => r.policy === policy)
      .map((r) => ({
        x: Number(r.metrics.checkpoint_interval_seconds?.value ?? NaN),
        y: Number(r.metrics.goodput_ratio?.value ?? NaN),
      }))
      .filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y))
      .sort((a, b) => a.x - b.x);
    if (points.length < 2) continue;
    const first = results.findIndex((r) => r.policy === policy);
    const one = results[first];
    const curve: Series = {
      id: "goodput_by_interval",
      title: "goodput over checkpoint interval",
      xUnit: "seconds",
      unit: "ratio",
      x: points.map((p) => p.x),
      y: points.map((p) => p.y),
    };
    const given = numberOf(one, "mtbf");
    const mean = Number.isNaN(given) ? mtbf : given;
    // The default block of a synchronous save is a minute.
    const block = Number.isNaN(numberOf(one, "checkpoint")) ? 60 : numberOf(one, "checkpoint");
    const extra: Series[] = [curve];
    const notes = [...(one.notes ?? [])];
    if (mean !== null && block > 0 && one.params.restart !== undefined) {
      const persist = numberOf(one, "persist");
      const model = (interval: number) =>
        asyncGoodput({
          interval,
          block,
          persist: Number.isNaN(persist) ? 0 : persist,
          restart: numberOf(one, "restart"),
          mtbf: mean,
        });
      const best = exactInterval(block, mean);
      extra.push({
        ...curve,
        id: "analytic_goodput_by_interval",
        title: "goodput by the closed form for exponential failures",
        y: points.map((p) => model(p.x)),
      });
      const top = points.reduce((a, b) => (b.y > a.y ? b : a));
      notes.push(
        `analytic optimum: every ${formatSeconds(best)} (goodput ${
          formatRatio(model(best))
        } if failures were exponential); best on this trace: every ${formatSeconds(top.x)} (${
          formatRatio(top.y)
        })`,
      );
    }
    results[first] = { ...one, series: [...(one.series ?? []), ...extra], notes };
  }
  return { ...document, results };
}
