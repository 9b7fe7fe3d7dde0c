import { HOURS_PER_MONTH, JOULES_PER_KWH } from "./units.ts";

/** A storage medium as formulas see it; everything a GB (10^9 bytes) of user data, before copies. */
export interface TierMedium {
  readonly wattsPerGb: number;
  readonly embodiedGramsPerGb: number;
  readonly lifeMonths: number;
  /** Copies or erasure-code overhead; multiplies energy and embodied carbon alike. */
  readonly replication?: number;
}

export interface TierCarbon {
  readonly operational: number;
  readonly embodied: number;
  readonly total: number;
}

/** Carbon of holding a GB for a month (F13). */
export function tierGramsPerGbMonth(
  medium: TierMedium,
  pue: number,
  gramsPerKwh: number,
): TierCarbon {
  const copies = medium.replication ?? 1;
  const operational = copies * medium.wattsPerGb * HOURS_PER_MONTH / 1000 * pue * gramsPerKwh;
  const embodied = copies * medium.embodiedGramsPerGb / medium.lifeMonths;
  return { operational, embodied, total: operational + embodied };
}

export interface TierCost {
  readonly capex: number;
  readonly energy: number;
  readonly total: number;
}

/** Dollars of holding a GB for a month on owned hardware (E15). */
export function tierUsdPerGbMonth(
  usdPerGb: number,
  lifeMonths: number,
  wattsPerGb: number,
  pue: number,
  usdPerKwh: number,
  replication = 1,
): TierCost {
  const capex = replication * usdPerGb / lifeMonths;
  const energy = replication * wattsPerGb * HOURS_PER_MONTH / 1000 * pue * usdPerKwh;
  return { capex, energy, total: capex + energy };
}

export interface ReloadCase {
  /** Size of the stored object. */
  readonly gigabytes: number;
  readonly recomputeJoules: number;
  readonly reloadJoules: number;
  /** Hold cost, g/GB-month ({@link tierGramsPerGbMonth}). */
  readonly holdGramsPerGbMonth: number;
  /** Wear of a written GB (F14). */
  readonly writeGramsPerGb: number;
  readonly pue: number;
  readonly gramsPerKwh: number;
  /** Seconds of accelerator a hit frees and its embodied carbon a second: the inventory view (E10b). */
  readonly freedSeconds?: number;
  readonly embodiedGramsPerSecond?: number;
  /** Times the object is written in a month. */
  readonly writesPerMonth?: number;
}

export interface BreakEven {
  readonly savedJoulesPerHit: number;
  readonly savedGramsPerHit: number;
  readonly holdGramsPerMonth: number;
  readonly writeGrams: number;
  /** The write's carbon in hits. */
  readonly writeHits: number | null;
  /** Hits a month above which storing beats recomputing; null when a hit saves nothing. */
  readonly hitsPerMonth: number | null;
}

/**
 * Break-even of storing KV against recomputing it (F15, E10, E10b): hits a month at which the carbon
 * saved pays for holding (and for `writesPerMonth` writes).
 */
export function breakEvenHits(input: ReloadCase): BreakEven {
  const savedJoules = input.recomputeJoules - input.reloadJoules;
  const savedGrams = savedJoules / JOULES_PER_KWH * input.pue * input.gramsPerKwh +
    (input.freedSeconds ?? 0) * (input.embodiedGramsPerSecond ?? 0);
  const hold = input.gigabytes * input.holdGramsPerGbMonth;
  const write = input.gigabytes * input.writeGramsPerGb;
  const monthly = hold + write * (input.writesPerMonth ?? 0);
  return {
    savedJoulesPerHit: savedJoules,
    savedGramsPerHit: savedGrams,
    holdGramsPerMonth: hold,
    writeGrams: write,
    writeHits: savedGrams > 0 ? write / savedGrams : null,
    hitsPerMonth: savedGrams > 0 ? monthly / savedGrams : null,
  };
}

/** Energy of recomputing (prefill) on one accelerator: FLOP / effective FLOP/s x watts. */
export function recomputeJoules(flop: number, effectiveFlops: number, watts: number): number {
  return flop / effectiveFlops * watts;
}

/** Energy of reloading: bytes / bandwidth x (device + waiting accelerator) watts. */
export function reloadJoules(bytes: number, bytesPerSecond: number, watts: number): number {
  return bytes / bytesPerSecond * watts;
}

/** KV bytes a token: keys and values of every layer. */
export function kvBytesPerToken(
  layers: number,
  kvHeads: number,
  headDim: number,
  bytesPerElement: number,
): number {
  return 2 * layers * kvHeads * headDim * bytesPerElement;
}

/** Hidden-state bytes a token, as HCache stores: one vector a layer (E23). */
export function hiddenBytesPerToken(
  layers: number,
  hidden: number,
  bytesPerElement: number,
): number {
  return layers * hidden * bytesPerElement;
}
