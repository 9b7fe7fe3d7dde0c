import type { Metrics } from "../../model/metric.ts";
import type { FlowUsage } from "../../model/usage.ts";
import type { ClusterFailures } from "./domains/expand.ts";
import { failuresOfJob, type JobFailures, type Slot } from "./domains/place_job.ts";
import type { Timeline } from "./engine.ts";
import type { FailureList } from "./failure_list.ts";
import { type Job, jobNodes, type JobParams, type Resolved } from "./params.ts";
import type { FaultJob, FaultPlan } from "./plan.ts";
import { withSaveTimes } from "./save_times.ts";
import { spareNodes, withSpares } from "./spare_pool.ts";

/** What a policy knows when all failures were fed. */
export interface FaultInput {
  /** The failures that hit the job. */
  readonly failures: FailureList;
  /** Mean time between failures: given, or observed; null for a trace without failures. */
  readonly mtbf: number | null;
  /** End of the observation, seconds. */
  readonly spanSeconds: number;
  readonly nodes: number;
  /** Seed of the job's own random choices. */
  readonly seed: number;
}

/** What a policy's plan costs besides time. */
export interface PolicyTraffic {
  readonly flows: readonly FlowUsage[];
  /** Bytes held in DRAM all the time, own and peers'. */
  readonly dramBytes: number;
}

export interface PolicySetup {
  readonly plan: FaultPlan;
  /** Useful seconds between saves, when the policy saves. */
  readonly intervalSeconds?: number;
  readonly notes?: readonly string[];
  /** Metrics of the policy alone. */
  metrics?(timeline: Timeline): Metrics;
  traffic(timeline: Timeline): PolicyTraffic;
}

/** A policy's part of a replay: from what it knows to its plan. */
export type Setup<P extends JobParams> = (input: FaultInput, p: Resolved<P>) => PolicySetup;

/** The job as the engine sees it. */
export function engineJob(p: Job, spanSeconds: number, keepSpans: boolean): FaultJob {
  return {
    usefulSeconds: p.useful,
    iterationSeconds: p.iteration,
    restartImmune: p.restartImmune,
    horizonSeconds: spanSeconds,
    stragglerSlowdown: p.slowdown,
    keepSpans,
    ...(p.iterationEnds === null ? {} : { iterationEnds: p.iterationEnds }),
  };
}

/** A job ready to be replayed: its plan with spares, and its failures in the plan's node numbers. */
export interface PreparedJob {
  readonly failures: FailureList;
  readonly setup: PolicySetup;
  readonly plan: FaultPlan;
  readonly spares: number;
}

/** Lets the policy plan for one of the jobs of a cluster. */
export function prepareJob<P extends JobParams>(
  p: Resolved<P>,
  setup: Setup<P>,
  cluster: ClusterFailures,
  spanSeconds: number,
  seed: number,
  slot: Slot | null = null,
): PreparedJob {
  const nodes = jobNodes(p);
  const own = failuresOfJob(cluster, nodes, p.allocation, slot);
  const input: FaultInput = {
    failures: own.list,
    mtbf: p.mtbf ?? observedMtbf(own, spanSeconds),
    spanSeconds,
    nodes,
    seed,
  };
  const made = setup(input, p);
  const timed = withSaveTimes(made.plan, p, seed);
  if (timed.tracksNodes || p.spares === null) {
    return { failures: own.list, setup: made, plan: timed, spares: 0 };
  }
  const spares = spareNodes(p, nodes, own.list, spanSeconds);
  const plan = withSpares(timed, p, nodes, spares);
  // Spares fail too, where the trace has nodes beyond the job's.
  const pool = slot === null && cluster.nodes === null
    ? failuresOfJob(cluster, nodes + spares, p.allocation)
    : own;
  return { failures: pool.list, setup: made, plan, spares };
}

/** Mean time between the failures of a job: the observation by their number. */
export function observedMtbf(own: JobFailures, spanSeconds: number): number | null {
  return own.events === 0 || spanSeconds <= 0 ? null : spanSeconds / own.events;
}
