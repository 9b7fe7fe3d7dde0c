import type { Json } from "../model/json.ts";
import type {
  CoefficientUse,
  EstimateComparison,
  EstimateDocument,
  ToolStamp,
} from "../model/results.ts";
import type { SiteProfile } from "../model/profiles/site.ts";
import type { Usage } from "../model/usage.ts";
import type { Coefficient } from "./factors/coefficient.ts";
import { staleWarnings } from "./factors/staleness.ts";
import { compareEstimates, gridCrossover, type Sampling } from "./usage/compare.ts";
import type { EstimateContext } from "./usage/context.ts";
import { counterDisagreement } from "./formulas/energy.ts";
import { estimateUsage, type UsageEstimate } from "./usage/estimate_usage.ts";
import { isKnown } from "./usage/quantity.ts";

/** One thing to estimate: a run, or one policy of a replay. */
export interface EstimateInput {
  readonly name: string;
  /** Null when the replay reports nothing that could be priced. */
  readonly usage: Usage | null;
  /** Bytes of each tier that a replay reserves, where it says. */
  readonly reservedBytes?: Readonly<Record<string, number>> | null;
}

/** Above this many results the best is not compared with every other one. */
const COMPARE_UP_TO = 16;

const SENSOR_LIMITS =
  "GPU sensors: power.draw samples a part of the time and averages over a second on " +
  "recent cards, energy counters refresh about every 100 ms: windows under 1 s are noise";

/** A coefficient as documents list it. */
export function coefficientUse(c: Coefficient): CoefficientUse {
  return {
    id: c.id,
    low: c.low,
    mid: c.value,
    high: c.high,
    unit: c.unit,
    source: c.source,
    asOf: c.asOf,
    licence: c.licence,
    evidence: "assumed",
  };
}

/**
 * The document of `estimate`: metrics with intervals and provenance for each input, the coefficients
 * used, what is stale, and how firm the best result is against the others.
 *
 * @param today `YYYY-MM-DD`, for staleness: estimates have no clock.
 */
export function estimateDocument(
  tool: ToolStamp,
  subject: EstimateDocument["subject"],
  inputs: readonly EstimateInput[],
  context: EstimateContext,
  today: string,
  notes: readonly string[] = [],
  samples?: Sampling,
): EstimateDocument {
  const known = inputs.flatMap(({ name, usage }) =>
    usage === null ? [] : [{ name, usage, estimate: estimateUsage(usage, context) }]
  );
  const used = new Set(
    known.flatMap(({ estimate }) =>
      Object.values(estimate.provenance).flatMap((p) => p.coefficients)
    ),
  );
  const coefficients = [...used].map((id) => context.factors.get(id)!);
  const measuredGpu = known.some(({ usage }) => usage.measured?.joules?.gpu !== undefined);
  const ranked = rank(known);
  const comparisons = ranked.length < 2 || ranked.length > COMPARE_UP_TO
    ? []
    : ranked.slice(1).flatMap((other): EstimateComparison[] =>
      compareEstimates(ranked[0], other, context, samples)
    );
  const crossover = context.factors.has("site.grid") ? gridCrossover(ranked, context) : null;
  return {
    schema: "spillway/estimate/1",
    tool,
    subject,
    site: siteJson(context.site),
    results: inputs.map(({ name, usage }) => {
      const estimate = known.find((k) => k.name === name)?.estimate;
      return {
        name,
        metrics: estimate?.metrics ?? {},
        provenance: estimate?.provenance ?? {},
        notes: usage === null
          ? ["it reports no usage: nothing to price"]
          : estimate === undefined
          ? []
          : estimate.notes,
      };
    }),
    coefficients: coefficients.map(coefficientUse),
    warnings: [
      ...notes,
      ...staleWarnings(coefficients, today),
      ...(measuredGpu ? [SENSOR_LIMITS] : []),
      ...known.flatMap(({ usage }) => sensorDoubt(usage)),
    ],
    ...(comparisons.length === 0 ? {} : { comparisons }),
    ...(crossover === null || ranked.length > COMPARE_UP_TO ? {} : { crossover }),
  };
}

/** Counter and samples of one run must agree within 5 % (W18): the sensor sees a part of the time only. */
function sensorDoubt(usage: Usage): string[] {
  const counter = usage.measured?.joules?.gpu;
  const integral = usage.measured?.gpuIntegralJoules;
  if (counter === undefined || integral === undefined || counter <= 0) return [];
  const apart = counterDisagreement(counter, integral);
  if (apart <= 0.05) return [];
  return [
    `GPU energy: the counters say ${counter.toPrecision(4)} J, the power samples ` +
    `${integral.toPrecision(4)} J, ${(apart * 100).toPrecision(3)} % apart: the counters are taken`,
  ];
}

/** Lowest carbon first, else lowest cost, else as given. */
function rank<T extends { readonly estimate: UsageEstimate }>(known: readonly T[]): T[] {
  for (const id of ["total_grams_co2e", "total_usd", "energy_joules"]) {
    if (known.every(({ estimate }) => isKnown(estimate.quantities.get(id)))) {
      return [...known].sort((a, b) =>
        Number(a.estimate.metrics[id].value) - Number(b.estimate.metrics[id].value)
      );
    }
  }
  return [...known];
}

function siteJson(site: SiteProfile): { [key: string]: Json } {
  return JSON.parse(JSON.stringify(site));
}
