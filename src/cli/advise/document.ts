import type { Metrics } from "../../model/metric.ts";
import type { Usage } from "../../model/usage.ts";
import type { EstimateComparison, TraceStamp } from "../../model/results.ts";
import { coefficientUse } from "../../estimate/document.ts";
import { staleWarnings } from "../../estimate/factors/staleness.ts";
import { compareEstimates } from "../../estimate/usage/compare.ts";
import type { EstimateContext } from "../../estimate/usage/context.ts";
import { estimateUsage, type UsageEstimate } from "../../estimate/usage/estimate_usage.ts";
import { isBaseline } from "../../search/advise/evaluate.ts";
import { paretoFront } from "../../search/advise/pareto.ts";
import type { Evaluated } from "../../search/advise/point_worker.ts";
import { recommend, WITHOUT_TIERS, WITHOUT_TOLERANCE } from "../../search/advise/recommend.ts";
import { meets, type Slo } from "../../search/advise/slo.ts";
import { VERSION } from "../../runtime/version.ts";
import type { AdviseDocument } from "../schemas/advise_schema.ts";
import type { Point } from "./points.ts";
import { objectivesOf, pricedPoints } from "./priced.ts";

export interface AdviseInput {
  readonly trace: TraceStamp;
  readonly profiles: Readonly<Record<string, string | null>>;
  readonly seed: number;
  readonly slos: readonly Slo[];
  readonly goal: string;
  readonly points: readonly Point[];
  readonly results: readonly Evaluated[];
  readonly context: EstimateContext;
  readonly today: string;
  readonly notes: readonly string[];
  /** The `replay` command line of a point, and the `estimate` that prices what it prints. */
  readonly commandOf: (point: Point) => string;
  readonly priceCommand: string | null;
}

/** Of a replay that uses nothing with a price. */
const NOTHING_PRICED: UsageEstimate = {
  metrics: {},
  provenance: {},
  quantities: new Map(),
  notes: [],
};

function policyOf(point: Point): string {
  const { step } = point.space;
  const own = point.choice.policy.name;
  return step === undefined ? own : `${step.point.choice.policy.name} + ${own}`;
}

/** Settings of a point; of a job those of both policies, each under its policy's name. */
function setOf(point: Point): Record<string, string> {
  const { step } = point.space;
  if (step === undefined) return { ...point.set };
  return Object.fromEntries(
    [step.point, point].flatMap((p) =>
      Object.entries(p.set).map(([k, v]) => [`${p.choice.policy.name}.${k}`, v])
    ),
  );
}

/** Whether a point goes without what is searched for: tiers, or tolerance of faults. */
function goesWithout(point: Point, usage: Usage | null): boolean {
  // Allocators do not store anywhere else: there is nothing to beat but each other.
  if (usage === null || point.family === "allocator") return false;
  if (point.family !== "fault") return isBaseline(usage);
  const { step } = point.space;
  return point.choice.policy.name === "none" && (step === undefined || isBaseline(step.usage));
}

/** The document of a search: every point, the front with intervals, one recommendation. */
export function adviseDocument(input: AdviseInput): AdviseDocument {
  const { context, points, results, slos, goal } = input;
  const usable = pricedPoints(points, results, context);
  const objectives = objectivesOf(slos, goal, usable.map((u) => u.metrics));
  const shownIds = [...new Set([...objectives.map((o) => o.metric), goal, "energy_joules"])];
  const pick = (metrics: Metrics): Metrics =>
    Object.fromEntries(shownIds.flatMap((id) => id in metrics ? [[id, metrics[id]]] : []));
  const candidates = usable.map((u) => ({
    name: u.point.name,
    metrics: u.metrics,
    baseline: goesWithout(u.point, u.usage),
  }));
  const front = paretoFront(usable.map((u) => u.metrics), objectives);
  const others = objectives.filter((o) => o.metric !== goal);
  const against = points.some((p) => p.family === "fault") ? WITHOUT_TOLERANCE : WITHOUT_TIERS;
  const advice = recommend(candidates, slos, goal, others, against);
  const whole = new Map<number, UsageEstimate>();
  const estimate = (i: number) => {
    const before = whole.get(i);
    if (before !== undefined) return before;
    const { usage } = usable[i];
    const made = usage === null ? NOTHING_PRICED : estimateUsage(usage, context);
    whole.set(i, made);
    return made;
  };
  const chosen = advice.point;
  const rival = rivalOf(advice.point, advice.baseline, front, candidates, slos, goal);
  const stability: EstimateComparison[] = chosen === null || rival === null ? [] : compareEstimates(
    { name: candidates[chosen].name, estimate: estimate(chosen) },
    { name: candidates[rival].name, estimate: estimate(rival) },
    context,
  );
  const used = new Set(
    [...front, ...(chosen === null ? [] : [chosen])].flatMap((i) =>
      Object.values(estimate(i).provenance).flatMap((p) => p.coefficients)
    ),
  );
  const coefficients = [...used].map((id) => context.factors.get(id)!);
  return {
    schema: "spillway/advise/1",
    tool: { name: "spillway", version: VERSION },
    trace: { ...input.trace },
    profiles: { ...input.profiles },
    seed: input.seed,
    slo: slos.map((s) => ({ ...s })),
    minimize: goal,
    objectives: objectives.map((o) => o.metric),
    searched: points.length,
    refused: points.flatMap((p, i) => {
      const { error, metrics } = results[i];
      if (usable.some((u) => u.point === p)) return [];
      const why = Object.values(metrics).find((m) => m.value === null)?.reason;
      return [{
        name: p.name,
        reason: error ?? why ?? "it reports no usage: nothing to price",
      }];
    }),
    points: usable.map((u, i) => ({
      name: u.point.name,
      policy: policyOf(u.point),
      set: setOf(u.point),
      metrics: pick(u.metrics) as AdviseDocument["points"][number]["metrics"],
      keepsBounds: slos.every((s) => meets(u.metrics, s)),
      baseline: candidates[i].baseline,
    })),
    front: front.map((i) => ({
      point: i,
      command: input.commandOf(usable[i].point),
      metrics: pick({ ...usable[i].metrics, ...estimate(i).metrics }) as AdviseDocument["front"][
        number
      ]["metrics"],
    })),
    recommendation: {
      ...advice,
      command: chosen === null ? null : input.commandOf(usable[chosen].point),
      priceCommand: chosen === null ? null : input.priceCommand,
      stability: stability.map((s) => ({
        ...s,
        difference: { ...s.difference },
        flips: s.flips.map((f) => ({ ...f })),
        coefficients: [...s.coefficients],
      })),
    },
    coefficients: coefficients.map(coefficientUse),
    warnings: [
      ...input.notes,
      ...staleWarnings(coefficients, input.today),
    ],
  };
}

/** What the chosen point is held against: the baseline, or when it is the baseline the next best. */
function rivalOf(
  chosen: number | null,
  baseline: number | null,
  front: readonly number[],
  candidates: readonly { readonly metrics: Metrics }[],
  slos: readonly Slo[],
  goal: string,
): number | null {
  if (chosen === null) return null;
  if (baseline !== null && baseline !== chosen) return baseline;
  const value = (i: number) => Number(candidates[i].metrics[goal]?.value ?? Infinity);
  const others = front.filter((i) =>
    i !== chosen && slos.every((s) => meets(candidates[i].metrics, s))
  );
  return others.length === 0
    ? null
    : others.reduce((best, i) => value(i) < value(best) ? i : best, others[0]);
}
