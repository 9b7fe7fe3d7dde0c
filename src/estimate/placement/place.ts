import { cornerInterval, type Interval, type Variable } from "../interval.ts";
import type { FactorSet } from "../factors/coefficient.ts";
import {
  BYTES_PER_GB,
  BYTES_PER_GIB,
  HOURS_PER_MONTH,
  SECONDS_PER_MONTH,
} from "../formulas/units.ts";
import { compareFormulas, describeStability } from "../verdict.ts";
import { type DataClass, DEFAULT_SAVERS, type Saver, type Segment } from "./data_class.ts";
import { lifeMonths, mediaOf, type Medium, type Priced } from "./media.ts";

export type PlacementGoal = "total_usd" | "total_grams_co2e";

/** Monthly cost of a part of a class on a medium. */
export interface PlacedCost {
  readonly usd: Priced | null;
  readonly grams: Priced | null;
}

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

export interface SaverResult {
  readonly name: string;
  readonly source: string;
  readonly savedUsdPerMonth: number | null;
  readonly savedGramsPerMonth: number | null;
  readonly savedUsdOverLife: number | null;
  readonly savedGramsOverLife: number | null;
}

function add(parts: readonly Priced[]): Priced {
  return {
    ids: [...new Set(parts.flatMap((p) => p.ids))],
    value: (get) => parts.reduce((sum, p) => sum + p.value(get), 0),
  };
}

function times(priced: Priced, factor: number): Priced {
  return { ids: priced.ids, value: (get) => priced.value(get) * factor };
}

/** Dollars of wear beyond the depreciation by time: the larger of the two binds (F9). */
function extraWear(wear: NonNullable<Medium["wearUsd"]>, gb: number, writtenGb: number): Priced {
  return {
    ids: [...wear.capexPerGbMonth.ids, ...wear.perGbWritten.ids],
    value: (get) =>
      Math.max(0, writtenGb * wear.perGbWritten.value(get) - gb * wear.capexPerGbMonth.value(get)),
  };
}

/** Bytes a second that a segment needs: the stated peak by share of reads, or the mean of its traffic. */
function bandwidthOf(data: DataClass, segment: Segment, copies: number): number {
  if (data.bandwidth !== undefined) {
    const share = data.readBytesPerMonth > 0 ? segment.readsShare : segment.bytesShare;
    return data.bandwidth * share;
  }
  return (data.writtenBytesPerMonth * segment.bytesShare * copies +
    data.readBytesPerMonth * segment.readsShare) / SECONDS_PER_MONTH;
}

/** What one segment of a class costs on one medium in a month (F13, F14, F21). */
export function segmentCost(
  data: DataClass,
  segment: Segment,
  medium: Medium,
  factors: FactorSet,
): PlacedCost {
  const copies = medium.keepsCopies ? 1 : data.copies;
  const written = data.writtenBytesPerMonth * segment.bytesShare * copies;
  const readBytes = data.readBytesPerMonth * segment.readsShare;
  const bytes = Math.max(
    data.bytes * segment.bytesShare * copies,
    bandwidthOf(data, segment, copies) / medium.bytesPerSecondPerGb * BYTES_PER_GB,
  );
  const gb = bytes / BYTES_PER_GB;
  const writtenGb = written / BYTES_PER_GB;
  const carbonKnown = factors.has("site.grid") && factors.has("site.pue");
  const hold: Priced = {
    ids: [...medium.wattsPerGb.ids, "site.pue", "site.grid"],
    value: (get) =>
      gb * medium.wattsPerGb.value(get) * HOURS_PER_MONTH / 1000 * get("site.pue") *
      get("site.grid"),
  };
  // The binding constraint of F9, a month: the larger of the time share and the wear share.
  const wear = medium.writeGramsPerGb;
  const embodied: Priced = {
    ids: [...medium.embodiedGramsPerGb.ids, ...lifeMonths.ids, ...(wear?.ids ?? [])],
    value: (get) =>
      Math.max(
        gb * medium.embodiedGramsPerGb.value(get) / lifeMonths.value(get),
        wear === null ? 0 : writtenGb * wear.value(get),
      ),
  };
  const grams = carbonKnown ? add([hold, embodied]) : null;
  if (medium.usdPerGbMonth === null) return { usd: null, grams };
  const unit = medium.billedInGib ? BYTES_PER_GIB : BYTES_PER_GB;
  const objectBytes = Math.max(1, data.objectBytes);
  const padding = Math.max(1, medium.minimumObjectBytes / objectBytes);
  // An object kept for less than the minimum is billed for the minimum.
  const duration = Math.max(1, medium.minimumDays * 86_400 / Math.max(1, data.retentionSeconds));
  const puts = Math.ceil(written / objectBytes);
  const gets = Math.ceil(readBytes / objectBytes);
  const parts: Priced[] = [
    times(medium.usdPerGbMonth, bytes / unit * padding * duration),
    ...(medium.wearUsd === null ? [] : [extraWear(medium.wearUsd, gb, writtenGb)]),
    ...(medium.usdPerThousandWrites === null
      ? []
      : [times(medium.usdPerThousandWrites, puts / 1000)]),
    ...(medium.usdPerThousandReads === null
      ? []
      : [times(medium.usdPerThousandReads, gets / 1000)]),
    ...(medium.usdPerGbRead === null ? [] : [times(medium.usdPerGbRead, readBytes / unit)]),
  ];
  return { usd: add(parts), grams };
}

function variables(ids: Iterable<string>, factors: FactorSet): Variable[] {
  return [...new Set(ids)].map((id) => {
    const c = factors.get(id)!;
    return { id, low: c.low, value: c.value, high: c.high };
  });
}

function intervalOf(priced: Priced | null, factors: FactorSet): Interval | null {
  return priced === null ? null : cornerInterval(priced.value, variables(priced.ids, factors));
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
  const whole: Segment = { name: "all", bytesShare: 1, readsShare: 1 };
  const segments = data.segments.length === 0 ? [whole] : data.segments;
  const costs = segments.map((s) => media.map((m) => segmentCost(data, s, m, factors)));
  const mids = costs.map((row) => row.map((c) => midOf(pick(c, goal), factors)));
  const options = media.map((m): MediumOption => {
    const cost = segmentCost(data, whole, m, factors);
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
        ? "no price: give electricityUsdPerKwh in the site profile or --factor electricity.usd_per_kwh=P"
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
    return parts.some((p) => p === null) ? null : add(parts as Priced[]);
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
    savers: savers(data, factors, goal, best, media),
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
    variables([...best.ids, ...next.ids], context.factors),
  );
  const unitOf = (id: string) => context.factors.get(id)?.unit ?? "";
  return `least ${context.goal}; against ${context.next}, the next, ${
    describeStability(result, unitOf)
  }`;
}

/** What each way to store less saves on the media chosen, a month and over the service life. */
function savers(
  data: DataClass,
  factors: FactorSet,
  goal: PlacementGoal,
  best: Choice,
  media: readonly Medium[],
): SaverResult[] {
  const list: readonly Saver[] = data.savers ?? DEFAULT_SAVERS[data.kind];
  const segments = data.segments.length === 0
    ? [{ name: "all", bytesShare: 1, readsShare: 1 }]
    : data.segments;
  const bill = (d: DataClass, of: (c: PlacedCost) => Priced | null): number | null => {
    let sum = 0;
    for (let s = 0; s < segments.length; s++) {
      const part = midOf(of(segmentCost(d, segments[s], media[best.media[s]], factors)), factors);
      if (part === null) return null;
      sum += part;
    }
    return sum;
  };
  const life = lifeMonths.value((id) => factors.get(id)!.value);
  return list.map((saver) => {
    const less: DataClass = {
      ...data,
      bytes: data.bytes * saver.heldFactor,
      writtenBytesPerMonth: data.writtenBytesPerMonth * saver.writtenFactor,
    };
    const saved = (of: (c: PlacedCost) => Priced | null): number | null => {
      const [before, after] = [bill(data, of), bill(less, of)];
      return before === null || after === null ? null : before - after;
    };
    const usd = saved((c) => c.usd);
    const grams = saved((c) => c.grams);
    return {
      name: saver.name,
      source: saver.source,
      savedUsdPerMonth: usd,
      savedGramsPerMonth: grams,
      savedUsdOverLife: usd === null ? null : usd * life,
      savedGramsOverLife: grams === null ? null : grams * life,
    };
  }).sort((a, b) =>
    goal === "total_usd"
      ? (b.savedUsdPerMonth ?? 0) - (a.savedUsdPerMonth ?? 0)
      : (b.savedGramsPerMonth ?? 0) - (a.savedGramsPerMonth ?? 0)
  );
}
