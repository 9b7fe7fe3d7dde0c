import { usageError } from "../../model/errors.ts";
import { parameterCount } from "../../model/llm_math.ts";
import type { Metrics } from "../../model/metric.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { Usage } from "../../model/usage.ts";
import { gpuCount } from "../../estimate/usage/job_usage.ts";
import type { Slo } from "../../search/advise/slo.ts";
import type { Assignment } from "../replay_params.ts";
import type { Point } from "./points.ts";
import type { PricedPoint } from "./priced.ts";

/** Bytes of training state a parameter: 16-bit weights, 32-bit master copy and two moments. */
const STATE_BYTES = 14;

/** Steps that are crossed with fault policies at most. */
const MOST_STEPS = 6;

/** A way to run one training step, as a job under failures repeats it. */
export interface JobStep {
  readonly point: Point;
  readonly metrics: Metrics;
  readonly usage: Usage;
  /** What the job takes from the step: iteration time, GPUs, useful time, bytes of its state. */
  readonly derived: readonly Assignment[];
}

/** Bounds that a step alone can keep: those on faults and on prices hold for the whole job. */
export function stepBounds(slos: readonly Slo[]): Slo[] {
  return slos.filter((s) => {
    const family = metricDefinition(s.metric)?.family;
    return family !== "fault" && family !== "estimate";
  });
}

/**
 * Steps of the front to cross with fault policies, the recommended one first: a step that another beats in
 * time, cost, carbon and wear cannot be part of the best job.
 *
 * @throws usage error when the search found no step with a known time.
 */
export function jobSteps(
  found: {
    readonly priced: readonly PricedPoint[];
    readonly front: readonly { readonly point: number }[];
    readonly recommended: number | null;
  },
  ask: {
    readonly trace: string;
    readonly profiles: Profiles;
    readonly set: readonly Assignment[];
    readonly steps: number;
    readonly most: number;
  },
): JobStep[] {
  const { recommended } = found;
  const order = [
    ...(recommended === null ? [] : [recommended]),
    ...found.front.map((f) => f.point).filter((i) => i !== recommended),
  ];
  const { hardware, llm } = ask.profiles;
  // What the user says of the job stays; a setting of one policy is no setting of all.
  const given = new Set(ask.set.filter((a) => a.policy === null).map((a) => a.key));
  const steps = order.flatMap((i): JobStep[] => {
    const { point, usage, own } = found.priced[i];
    const seconds = own.step_seconds?.value;
    if (usage === null || typeof seconds !== "number" || !(seconds > 0)) return [];
    const derived: Record<string, number> = {
      iteration: seconds,
      useful: ask.steps * seconds,
      gpus: gpuCount(usage),
      gpusPerNode: hardware?.gpu?.count ?? 8,
      ...(llm === null ? {} : { bytes: Math.round(STATE_BYTES * parameterCount(llm)) }),
    };
    return [{
      point,
      metrics: own,
      usage,
      derived: Object.entries(derived).filter(([key]) => !given.has(key))
        .map(([key, value]) => ({ policy: null, key, value: String(value) })),
    }];
  });
  if (steps.length === 0) {
    throw usageError(
      `--faults: the search of ${ask.trace} recommends no training step`,
      'name a step such as --trace "model:batch=8,seq=2048"',
    );
  }
  return steps.slice(0, Math.max(1, Math.min(MOST_STEPS, ask.most)));
}
