import type { Figure } from "../../model/figure.ts";
import type { Series } from "../../model/policy.ts";
import type { PolicyResult, ReplayDocument } from "../../model/results.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";
import { asyncGoodput } from "../../replay/fault/forms/goodput.ts";
import { dalyInterval, exactInterval, youngInterval } from "../../replay/fault/optimum.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The swept results of one policy as points of its curve, by interval. */
function pointsOf(results: readonly PolicyResult[], policy: string): Point[] {
  return results
    .filter((r) => r.policy === policy)
    .map((r) => ({
      x: Number(r.metrics.checkpoint_interval_seconds?.value ?? NaN),
      y: Number(r.metrics.goodput_ratio?.value ?? NaN),
    }))
    .filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y))
    .sort((a, b) => a.x - b.x);
}

/** What the closed form of a swept policy needs; null where one of it is not known. */
function modelOf(result: PolicyResult, observed: number | null) {
  const number = (key: string): number | null => {
    const value = result.params[key];
    return typeof value === "number" ? value : null;
  };
  const mtbf = number("mtbf") ?? observed;
  const blocks = Number(result.metrics.checkpoint_seconds?.value ?? NaN);
  const saves = Number(result.metrics.checkpoint_count?.value ?? NaN);
  // The block as the replay took it, where the parameters leave it open.
  const block = number("checkpoint") ?? (blocks > 0 && saves > 0 ? blocks / saves : null);
  const restart = number("restart");
  if (mtbf === null || block === null || restart === null || block <= 0) return null;
  const persist = result.policy.includes("async") ? number("persist") ?? 120 : 0;
  return {
    block,
    mtbf,
    goodput: (interval: number) => asyncGoodput({ interval, block, persist, restart, mtbf }),
  };
}

/**
 * Adds to the first result of each swept policy the curve of goodput over the interval, the closed form for
 * exponential failures beside it, and marks of the analytic optima (F1 to F3; they do not depend on the
 * restart): as series, as a figure of the report, and in words.
 *
 * @param mtbf Mean time between failures that the trace shows; null for a trace without failures.
 */
export function withIntervalCurves(document: ReplayDocument, mtbf: number | null): ReplayDocument {
  const results = [...document.results];
  const figures: Figure[] = [];
  for (const policy of new Set(results.map((r) => r.policy))) {
    const points = pointsOf(results, policy);
    if (points.length < 2) continue;
    const first = results.findIndex((r) => r.policy === policy);
    const one = results[first];
    const series: Series[] = [
      seriesOf("goodput_by_interval", "goodput over checkpoint interval", points),
    ];
    const rows: Record<string, number | string | null>[] = points.map((p) => ({
      ...p,
      series: "replayed on the trace",
    }));
    const notes = [...(one.notes ?? [])];
    const model = modelOf(one, mtbf);
    if (model !== null) {
      const formed = points.map(({ x }) => ({ x, y: model.goodput(x) }));
      const exact = exactInterval(model.block, model.mtbf);
      const top = points.reduce((a, b) => (b.y > a.y ? b : a));
      series.push(
        seriesOf(
          "analytic_goodput_by_interval",
          "goodput by the closed form for exponential failures",
          formed,
        ),
      );
      rows.push(
        ...formed.map((p) => ({ ...p, series: "closed form (exponential)" })),
        { x: exact, mark: `analytic optimum ${formatSeconds(exact)}` },
        ...marksNear(model.block, model.mtbf, exact),
        { x: top.x, mark: `best on the trace ${formatSeconds(top.x)}` },
      );
      notes.push(
        `analytic optimum: every ${formatSeconds(exact)} (goodput ${
          formatRatio(model.goodput(exact))
        } if failures were exponential); best on this trace: every ${formatSeconds(top.x)} (${
          formatRatio(top.y)
        })`,
      );
    }
    results[first] = { ...one, series: [...(one.series ?? []), ...series], notes };
    figures.push({
      chart: "marked_curves",
      title: `${policy}: goodput over the checkpoint interval`,
      rows,
      options: { xTitle: "useful seconds between checkpoints", yTitle: "goodput", format: ".2%" },
    });
  }
  return figures.length === 0
    ? document
    : { ...document, results, figures: [...(document.figures ?? []), ...figures] };
}

function seriesOf(id: string, title: string, points: readonly Point[]): Series {
  return {
    id,
    title,
    xUnit: "seconds",
    unit: "ratio",
    x: points.map((p) => p.x),
    y: points.map((p) => p.y),
  };
}

/** Young's and Daly's intervals where they differ visibly from the exact one. */
function marksNear(block: number, mtbf: number, exact: number) {
  const candidates = [["Young", youngInterval(block, mtbf)], [
    "Daly",
    dalyInterval(block, mtbf),
  ]] as const;
  return candidates
    .filter(([, x]) => x > 0 && Math.abs(x / exact - 1) > 0.03)
    .map(([name, x]) => ({ x, mark: `${name} ${formatSeconds(x)}` }));
}
