import type { TierName, Usage } from "../../model/usage.ts";
import { SECONDS_PER_MONTH } from "../formulas/units.ts";
import { factorVariables } from "../factors/variables.ts";
import { cornerInterval, type Interval } from "../interval.ts";
import { type Known, type StageCost, usageCost } from "../lifecycle/stage_cost.ts";
import type { EstimateContext } from "../usage/context.ts";
import { compareFormulas, describeStability, type Stability } from "../verdict.ts";
import type { FleetSize } from "./fleet.ts";

/** A way to serve the demand: how many GPUs, and what is kept on which tier. */
export interface Design {
  readonly name: "recompute" | "hbm" | "dram" | "ssd";
  readonly size: FleetSize;
  readonly heldBytes: number;
  readonly readBytesPerSecond: number;
  readonly writtenBytesPerSecond: number;
}

export interface PricedDesign {
  readonly design: Design;
  readonly cost: StageCost;
}

/** A month of a design as a usage. */
export function designUsage(design: Design, gpuKey: string): Usage {
  const { size, heldBytes } = design;
  const tier: TierName | null = design.name === "dram" || design.name === "ssd"
    ? design.name
    : null;
  const bytes = (perSecond: number) => perSecond * SECONDS_PER_MONTH;
  return {
    wallSeconds: SECONDS_PER_MONTH,
    functionalUnits: {},
    devices: [{
      kind: "gpu",
      key: gpuKey,
      count: size.gpus,
      reservedSeconds: size.gpus * SECONDS_PER_MONTH,
      busySeconds: Math.min(size.gpus, size.busyGpus) * SECONDS_PER_MONTH,
    }],
    flows: tier === null ? [] : [
      { tier, direction: "read", bytes: bytes(design.readBytesPerSecond), requests: 0 },
      { tier, direction: "write", bytes: bytes(design.writtenBytesPerSecond), requests: 0 },
    ],
    held: tier === null ? [] : [{ tier, byteSeconds: heldBytes * SECONDS_PER_MONTH }],
    evidence: "modelled",
  };
}

/** A month of each design, priced. */
export function priceDesigns(
  designs: readonly Design[],
  gpuKey: string,
  context: EstimateContext,
): PricedDesign[] {
  return designs.map((design) => ({
    design,
    cost: usageCost(designUsage(design, gpuKey), context),
  }));
}

/** What a month of one design saves against another, coefficients tied. */
export interface Worth {
  readonly gpus: number;
  readonly usd: Interval | null;
  readonly grams: Interval | null;
  readonly usdVerdict: string | null;
  readonly gramsVerdict: string | null;
}

/** An interval of a known formula; null when unknown. */
export function knownInterval(known: Known, context: EstimateContext): Interval | null {
  if ("reason" in known) return null;
  const { ids, value } = known.priced;
  return cornerInterval(value, factorVariables(ids, context.factors));
}

function against(
  first: Known,
  second: Known,
  context: EstimateContext,
): { saved: Interval; stability: Stability } | null {
  if ("reason" in first || "reason" in second) return null;
  const all = factorVariables([...first.priced.ids, ...second.priced.ids], context.factors);
  const saved = cornerInterval((get) => second.priced.value(get) - first.priced.value(get), all);
  return { saved, stability: compareFormulas(first.priced.value, second.priced.value, all) };
}

/** What `first` is worth against `second`: GPUs, dollars and grams a month, and how firm that is. */
export function worthOf(
  first: PricedDesign,
  second: PricedDesign,
  context: EstimateContext,
): Worth {
  const unitOf = (id: string) => context.factors.get(id)?.unit ?? "";
  const usd = against(first.cost.usd, second.cost.usd, context);
  const grams = against(first.cost.grams, second.cost.grams, context);
  const say = (found: typeof usd) =>
    found === null ? null : `${first.design.name} against ${second.design.name}: ` +
      describeStability(found.stability, unitOf);
  return {
    gpus: second.design.size.gpus - first.design.size.gpus,
    usd: usd?.saved ?? null,
    grams: grams?.saved ?? null,
    usdVerdict: say(usd),
    gramsVerdict: say(grams),
  };
}
