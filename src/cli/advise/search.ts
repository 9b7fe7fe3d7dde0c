import type { EstimateContext } from "../../estimate/usage/context.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { openEvaluator } from "../../search/advise/evaluate.ts";
import { paretoFront } from "../../search/advise/pareto.ts";
import type { Evaluated } from "../../search/advise/point_worker.ts";
import { meets, type Slo } from "../../search/advise/slo.ts";
import { neighbours } from "../../search/advise/space.ts";
import { firstPoints, makePoint, type Point, pointKey, type PolicySpace } from "./points.ts";
import { objectivesOf, type PricedPoint, pricedPoints } from "./priced.ts";
import type { ResumeFile } from "./resume.ts";

export interface SearchOptions {
  readonly family: string;
  readonly spaces: readonly PolicySpace[];
  /** About how many points in all. */
  readonly most: number;
  readonly slos: readonly Slo[];
  readonly goal: string;
  readonly context: EstimateContext;
  readonly profiles: Profiles;
  readonly seed: number;
  /** Names of `kvWaste` values. */
  readonly labels: ReadonlyMap<string, string>;
  readonly resume: ResumeFile;
  readonly onDone: (done: number, total: number) => void;
}

/** Share of the points that the first round, a grid, takes; the rest looks around what it found. */
const FIRST_SHARE = 0.6;
const ROUNDS = 8;
/** Most new points of a round, as a share: later rounds must see what earlier ones found. */
const ROUND_SHARE = 0.1;

/** The front: points that keep the bounds and cost least first, else those nearest to the bounds. */
function promising(priced: readonly PricedPoint[], options: SearchOptions): PricedPoint[] {
  const metrics = priced.map((p) => p.metrics);
  const front = paretoFront(metrics, objectivesOf(options.slos, options.goal, metrics));
  const valueOf = (p: PricedPoint, id: string): number => {
    const value = p.metrics[id]?.value;
    return value === null || value === undefined ? Infinity : Number(value);
  };
  const missed = (p: PricedPoint) => options.slos.filter((s) => !meets(p.metrics, s));
  // Where a bound is missed the way towards it matters, not the price.
  const rank = (p: PricedPoint): number => {
    const [slo] = missed(p);
    if (slo === undefined) return valueOf(p, options.goal);
    return slo.operator.startsWith("<") ? valueOf(p, slo.metric) : -valueOf(p, slo.metric);
  };
  return front.map((i) => priced[i])
    .sort((a, b) => missed(a).length - missed(b).length || rank(a) - rank(b));
}

/**
 * Searches in rounds: a grid over the most important dimensions of every policy, then the neighbours of
 * what no other point beats (each dimension alone, sizes by factors of two) until the points are used up or
 * nothing new is near. The same inputs give the same points in the same order, on any number of cores.
 */
export async function searchRounds(
  trace: Trace,
  options: SearchOptions,
): Promise<{ points: Point[]; results: Evaluated[] }> {
  const { spaces, family, labels, most } = options;
  const points: Point[] = [];
  const results: Evaluated[] = [];
  const seen = new Set<string>();
  const evaluator = openEvaluator(trace, options);
  const evaluate = async (round: readonly Point[]) => {
    const known = new Map<number, Evaluated>();
    round.forEach((p, i) => {
      const before = options.resume.known.get(pointKey(p));
      if (before !== undefined) known.set(i, before);
    });
    const done = points.length;
    const found = await evaluator.evaluate(
      round.map((p) => ({
        family: p.family,
        policy: p.choice.policy.name,
        params: p.choice.params,
      })),
      {
        known,
        onResult: (i, result) => options.resume.keep(pointKey(round[i]), result),
        onDone: (n) => options.onDone(done + n, Math.max(most, done + n)),
      },
    );
    for (const p of round) seen.add(pointKey(p));
    points.push(...round);
    results.push(...found);
  };
  try {
    await evaluate(
      firstPoints(spaces, family, Math.max(1, Math.floor(most * FIRST_SHARE)), labels),
    );
    for (let round = 0; round < ROUNDS && points.length < most; round++) {
      const next = new Map<string, Point>();
      const room = Math.min(most - points.length, Math.max(1, Math.ceil(most * ROUND_SHARE)));
      for (const { point } of promising(pricedPoints(points, results, options.context), options)) {
        const { space } = point;
        const fixed = new Set(space.fixed.map((a) => a.key));
        const own = Object.fromEntries(Object.entries(point.set).filter(([k]) => !fixed.has(k)));
        for (const set of neighbours(own, space.dimensions)) {
          if (next.size >= room) break;
          const near = makePoint(space, family, set, labels);
          if (near !== null && !seen.has(pointKey(near))) next.set(pointKey(near), near);
        }
      }
      if (next.size === 0) break;
      await evaluate([...next.values()]);
    }
    return { points, results };
  } finally {
    await evaluator.close();
  }
}
