import { createRandom } from "../stats/random.ts";
import { cornerInterval, type Formula, type Interval, type Variable } from "./interval.ts";

/** A coefficient at which the better policy changes, the others at their middle. */
export interface Flip {
  readonly id: string;
  readonly at: number;
  /** Which side of `at` turns the verdict around. */
  readonly side: "above" | "below";
}

/** How far a comparison of two policies stands up to the uncertainty of the coefficients. */
export interface Stability {
  /** First minus second, with shared coefficients tied. Negative: the first is better (lower). */
  readonly difference: Interval;
  readonly verdict: "always" | "never" | "depends" | "equal";
  /** Single coefficients that turn the verdict around, the others at their middle. */
  readonly flips: readonly Flip[];
  /** Share of seeded samples in which the first is lower; null unless asked for. */
  readonly sampledShare: number | null;
}

/** Where a monotone function of one variable crosses zero between its ends; null when it does not. */
function crossing(f: (x: number) => number, from: number, to: number): number | null {
  let [a, b] = [from, to];
  let fa = f(a);
  const fb = f(b);
  if (fa === 0) return a;
  if (Math.sign(fa) === Math.sign(fb)) return null;
  for (let i = 0; i < 200 && Math.abs(b - a) > 1e-12 * Math.max(Math.abs(a), Math.abs(b)); i++) {
    const middle = (a + b) / 2;
    const fm = f(middle);
    if (fm === 0) return middle;
    if (Math.sign(fm) === Math.sign(fa)) {
      a = middle;
      fa = fm;
    } else b = middle;
  }
  return (a + b) / 2;
}

function atMiddleBut(variables: readonly Variable[], id: string, formula: Formula) {
  const values = new Map(variables.map((v) => [v.id, v.value]));
  return (x: number): number => {
    values.set(id, x);
    return formula((key) => values.get(key)!);
  };
}

/**
 * Compares two formulas of the same quantity where lower is better. The corners are those of the
 * DIFFERENCE, so a coefficient that both use moves both at once; the difference of the two intervals
 * would call almost everything undecided.
 *
 * @param samples When given, also a seeded sample of the box (uniform, independent): the only honest
 *   source of a percentage.
 */
export function compareFormulas(
  first: Formula,
  second: Formula,
  variables: readonly Variable[],
  samples?: { readonly seed: number; readonly count: number },
): Stability {
  const difference: Formula = (get) => first(get) - second(get);
  const interval = cornerInterval(difference, variables);
  const verdict = interval.low === 0 && interval.high === 0
    ? "equal"
    : interval.high <= 0
    ? "always"
    : interval.low >= 0
    ? "never"
    : "depends";
  const flips: Flip[] = [];
  if (verdict === "depends") {
    for (const v of variables) {
      if (v.low === v.high) continue;
      const along = atMiddleBut(variables, v.id, difference);
      const [from, to] = [Math.min(v.low, v.high), Math.max(v.low, v.high)];
      const at = crossing(along, from, to);
      if (at === null) continue;
      const midWins = Math.sign(along(v.value));
      flips.push({ id: v.id, at, side: Math.sign(along(to)) !== midWins ? "above" : "below" });
    }
  }
  return {
    difference: interval,
    verdict,
    flips,
    sampledShare: samples === undefined ? null : sampleShare(difference, variables, samples),
  };
}

function sampleShare(
  difference: Formula,
  variables: readonly Variable[],
  samples: { readonly seed: number; readonly count: number },
): number {
  const random = createRandom(samples.seed);
  const values = new Map<string, number>();
  let below = 0;
  for (let i = 0; i < samples.count; i++) {
    for (const v of variables) values.set(v.id, v.low + (v.high - v.low) * random.float());
    if (difference((id) => values.get(id)!) < 0) below++;
  }
  return below / samples.count;
}

/** The verdict in one sentence: "always", "never" or where it flips. */
export function describeStability(stability: Stability, unitOf: (id: string) => string): string {
  switch (stability.verdict) {
    case "equal":
      return "the two are equal in the whole interval";
    case "always":
      return "it is lower in 100 % of the interval";
    case "never":
      return "it is lower in no part of the interval";
    case "depends": {
      if (stability.flips.length === 0) {
        return "it depends on several coefficients together; none flips it alone";
      }
      const parts = stability.flips.map((f) =>
        `${f.id} ${f.side === "above" ? ">" : "<"} ${Number(f.at.toPrecision(4))} ${unitOf(f.id)}`
      );
      return `it flips at ${parts.join(", or at ")}`;
    }
  }
}

/** One line of a crossover sweep. */
export interface CrossoverPoint {
  readonly x: number;
  readonly first: number;
  readonly second: number;
}

/** Both formulas along one variable, the others at their middle, and where they cross. */
export function crossover(
  first: Formula,
  second: Formula,
  variables: readonly Variable[],
  id: string,
  from: number,
  to: number,
  points: number,
): { points: CrossoverPoint[]; crossesAt: number | null } {
  const f = atMiddleBut(variables, id, first);
  const s = atMiddleBut(variables, id, second);
  const line: CrossoverPoint[] = [];
  for (let i = 0; i < points; i++) {
    const x = from + (to - from) * i / (points - 1);
    line.push({ x, first: f(x), second: s(x) });
  }
  return { points: line, crossesAt: crossing((x) => f(x) - s(x), from, to) };
}
