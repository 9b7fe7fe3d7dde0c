import { counted } from "../model/plural.ts";
import { changePoints } from "../stats/change_points.ts";
import { formatNumber } from "../model/units.ts";
import { draft, unusable } from "./draft.ts";
import { shortRatio } from "./judge_baseline.ts";
import type { History, Observation, Side } from "./observations.ts";
import type { TrendRule } from "./rules.ts";
import type { RuleResult, TrendPoint } from "./verdict.ts";

/** Fewest runs of a history that change points are sought in. */
export const FEWEST_POINTS = 10;

interface Point {
  readonly id: string;
  readonly at: string;
  readonly value: number;
}

/** Judges the history of a metric: did its level change for the worse within the last runs? */
export function judgeTrend(
  rule: TrendRule,
  name: string,
  current: Side,
  history: History | null,
): RuleResult {
  const now = current.observations[name];
  const inconclusive = (reason: string) =>
    draft(rule, name, now, { status: "inconclusive", reason });
  const problem = unusable(name, current);
  if (problem !== null) return inconclusive(problem);
  if (history === null) return inconclusive("only recordings have a history to find a trend in");
  if (now.better === "none") return inconclusive(`${name} has no better direction`);
  const points: Point[] = history.points.flatMap(({ id, at, values }) => {
    const value = values[name];
    return value === undefined || value === null ? [] : [{ id, at, value }];
  });
  if (points.length < FEWEST_POINTS) {
    const left = history.leftOut.length === 0 ? "" : ` (${history.leftOut.join("; ")})`;
    return inconclusive(
      `${points.length} comparable runs of ${history.name} are stored: ` +
        `${FEWEST_POINTS - points.length} more needed for a trend${left}`,
    );
  }
  return judgeHistory(rule, name, now, points);
}

function judgeHistory(
  rule: TrendRule,
  name: string,
  now: Observation,
  points: readonly Point[],
): RuleResult {
  const found = changePoints(points.map((p) => p.value), {
    window: rule.window,
    maxP: rule.maxP,
    minMagnitude: rule.minEffect,
  });
  const trend: TrendPoint[] = found.map(({ index, p, before, after }) => ({
    run: points[index].id,
    at: points[index].at,
    runsAgo: points.length - index,
    before,
    after,
    delta: before === 0 ? null : (after - before) / Math.abs(before),
    p,
  }));
  const last = trend.at(-1);
  if (last === undefined) {
    return draft(rule, name, now, {
      status: "pass",
      runs: [points.length, now.values.length],
      trend,
      reason: `no change of level in ${counted(points.length, "run")}`,
    });
  }
  const worse = now.better === "lower" ? last.after > last.before : last.after < last.before;
  const old = last.runsAgo > rule.recent;
  const change = `${formatNumber(Number(last.before.toPrecision(4)))} -> ` +
    `${formatNumber(Number(last.after.toPrecision(4)))}` +
    (last.delta === null ? "" : ` (${last.delta > 0 ? "+" : ""}${shortRatio(last.delta)})`);
  const since = `since ${last.run} of ${last.at.slice(0, 10)}, ${last.runsAgo} ` +
    `${last.runsAgo === 1 ? "run" : "runs"}`;
  return draft(rule, name, now, {
    status: worse && !old ? "fail" : "pass",
    reference: last.before,
    delta: last.delta,
    p: last.p,
    runs: [points.length - last.runsAgo, last.runsAgo],
    trend,
    reason: `${change} ${since}${worse ? old ? ", too long ago to count" : ", worse" : ", better"}`,
  });
}
