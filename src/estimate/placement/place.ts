import { factorVariables } from "../factors/variables.ts";
import type { Interval } from "../interval.ts";
import type { FactorSet } from "../factors/coefficient.ts";
import { compareFormulas, describeStability } from "../verdict.ts";
import { type DataClass, type Segment, segmentsOf, WHOLE } from "./data_class.ts";
import { mediaOf, type Medium, type Priced } from "./media.ts";
import { type SaverResult, saversOf } from "./savers.ts";
import { pricedInterval } from "./tier_prices.ts";
import { addPriced, type PlacedCost, segmentCost } from "./segment_cost.ts";

export type PlacementGoal = "total_usd" | "total_grams_co2e";

export interface MediumOption {
  readonly medium: string;
  readonly title: string;
  readonly latencySeconds: number;
  /** Whether the whole class may lie there alone. */
  readonly meetsLatency: boolean;
  readonly usdPerMonth: Interval | null;
  readonly gramsPerMonth: Interval | null;
  readonly reason: string | null;
}

export interface Placement {
  readonly segment: string;
  readonly medium: string;
  readonly bytes: number;
}

export interface PlacedClass {
  readonly name: string;
  readonly options: readonly MediumOption[];
  /** Null when no medium meets the need or none has a price. */
  readonly chosen: readonly Placement[] | null;
  readonly usdPerMonth: Interval | null;
  readonly gramsPerMonth: Interval | null;
  readonly reason: string;
  /** What storing less saves, a month and over the life of the hardware. */
  readonly savers: readonly SaverResult[];
}

function intervalOf(priced: Priced | null, factors: FactorSet): Interval | null {
  return priced === null ? null : pricedInterval(priced, factors);
}

function midOf(priced: Priced | null, factors: FactorSet): number | null {
  return priced === null ? null : priced.value((id) => factors.get(id)!.value);
}

interface Choice {
  readonly media: readonly number[];
  readonly cost: number;
}

/**
 * Every assignment of segments to media whose fast reads suffice, cheapest first (exact: segments are
 * few). `costs[s][m]` is null where the goal has no number.
 */
function assignments(
  data: DataClass,
  segments: readonly Segment[],
  media: readonly Medium[],
  costs: readonly (readonly (number | null)[])[],
): Choice[] {
  const found: Choice[] = [];
  const total = segments.reduce((a, s) => a + s.readsShare, 0);
  const silent = data.readBytesPerMonth === 0 || total === 0;
  const walk = (at: number, chosen: number[], cost: number, fast: number) => {
    if (at === segments.length) {
      // Nothing is read in normal work, but a restart is waited for: then all bytes must be fast.
      const enough = silent
        ? chosen.every((m) => media[m].latencySeconds <= data.latencySeconds)
        : fast / total >= data.latencyReadsShare - 1e-12;
      if (enough) found.push({ media: [...chosen], cost });
      return;
    }
    media.forEach((medium, m) => {
      const price = costs[at][m];
      if (price === null) return;
      const quick = medium.latencySeconds <= data.latencySeconds;
      walk(at + 1, [...chosen, m], cost + price, fast + (quick ? segments[at].readsShare : 0));
    });
  };
  walk(0, [], 0, 0);
  return found.sort((a, b) => a.cost - b.cost);
}

function pick(cost: PlacedCost, goal: PlacementGoal): Priced | null {
  return goal === "total_usd" ? cost.usd : cost.grams;
}

/** Places one class of data: the split that meets its latency need at least cost or carbon. */
export function placeClass(
  data: DataClass,
  factors: FactorSet,
  goal: PlacementGoal,
): PlacedClass {
  const media = mediaOf(factors);
  const segments = segmentsOf(data);
  const costs = segments.map((s) => media.map((m) => segmentCost(data, s, m, factors)));
  const mids = costs.map((row) => row.map((c) => midOf(pick(c, goal), factors)));
  const options = media.map((m): MediumOption => {
    const cost = segmentCost(data, WHOLE, m, factors);
    const meetsLatency = m.latencySeconds <= data.latencySeconds;
    return {
      medium: m.name,
      title: m.title,
      latencySeconds: m.latencySeconds,
      meetsLatency,
      usdPerMonth: intervalOf(cost.usd, factors),
      gramsPerMonth: intervalOf(cost.grams, factors),
      reason: pick(cost, goal) !== null
        ? null
        : goal === "total_usd"
        ? "no price: give electricityUsdPerKwh and pue in the site profile or --factor electricity.usd_per_kwh=P"
        : "no carbon: the site has no grid intensity",
    };
  });
  const ranked = assignments(data, segments, media, mids);
  if (ranked.length === 0) {
    const fast = options.filter((o) => o.meetsLatency);
    return {
      name: data.name,
      options,
      chosen: null,
      usdPerMonth: null,
      gramsPerMonth: null,
      reason: fast.length === 0
        ? `no medium answers within ${data.latencySeconds} s`
        : `no medium that answers within ${data.latencySeconds} s has a number for ${goal}: ` +
          (fast.find((o) => o.reason !== null)?.reason ?? "unknown"),
      savers: [],
    };
  }
  const join = (choice: Choice, of: (c: PlacedCost) => Priced | null): Priced | null => {
    const parts = choice.media.map((m, s) => of(costs[s][m]));
    return parts.some((p) => p === null) ? null : addPriced(parts as Priced[]);
  };
  const best = ranked[0];
  const next = ranked[1];
  return {
    name: data.name,
    options,
    chosen: best.media.map((m, s) => ({
      segment: segments[s].name,
      medium: media[m].name,
      bytes: data.bytes * segments[s].bytesShare,
    })),
    usdPerMonth: intervalOf(join(best, (c) => c.usd), factors),
    gramsPerMonth: intervalOf(join(best, (c) => c.grams), factors),
    reason: next === undefined
      ? "the only medium that meets the need"
      : stability(join(best, (c) => pick(c, goal))!, join(next, (c) => pick(c, goal))!, {
        next: next.media.map((m) => media[m].name).join(" + "),
        goal,
        factors,
      }),
    savers: saversOf(data, factors, goal, best.media.map((m) => media[m])),
  };
}

function stability(
  best: Priced,
  next: Priced,
  context: { next: string; goal: PlacementGoal; factors: FactorSet },
): string {
  const result = compareFormulas(
    best.value,
    next.value,
    factorVariables([...best.ids, ...next.ids], context.factors),
  );
  const unitOf = (id: string) => context.factors.get(id)?.unit ?? "";
  return `least ${context.goal}; against ${context.next}, the next, ${
    describeStability(result, unitOf)
  }`;
}
