import type { Replay, ReplayContext } from "../../model/policy.ts";
import {
  type FaultColumns,
  faultKindIndex,
  type FaultTraceMeta,
} from "../../model/trace/faults.ts";
import { expandFailures } from "./domains/expand.ts";
import { replayFaults } from "./engine.ts";
import type { FailureList } from "./failure_list.ts";
import { outcomeOf } from "./outcome.ts";
import { DEFAULT_USEFUL_SECONDS, type JobParams, type Resolved } from "./params.ts";
import { engineJob, prepareJob, type Setup } from "./prepare_job.ts";
import { withHardwarePath } from "./save_path.ts";
import { jobsOn } from "./shared_fs/shared_params.ts";
import { sharedReplay } from "./shared_fs/shared_replay.ts";

const ADDED = faultKindIndex("node_added");
const STRAGGLER = faultKindIndex("straggler");

/** The batches of a trace in one list; unknown down times become the parameters'. */
function joined(batches: readonly FaultColumns[], p: JobParams): FailureList {
  const count = batches.reduce((sum, b) => sum + b.count, 0);
  const seconds = new Float64Array(count);
  const kind = new Uint8Array(count);
  const node = new Int32Array(count);
  const downSeconds = new Float64Array(count);
  let at = 0;
  for (const b of batches) {
    seconds.set(b.startSeconds.subarray(0, b.count), at);
    kind.set(b.faultKind.subarray(0, b.count), at);
    node.set(b.node.subarray(0, b.count), at);
    downSeconds.set(b.downSeconds.subarray(0, b.count), at);
    at += b.count;
  }
  // A trace that says when nodes arrive (spot) needs no assumed repair.
  const arrivals = kind.includes(ADDED);
  for (let i = 0; i < count; i++) {
    if (!Number.isNaN(downSeconds[i])) continue;
    if (kind[i] === STRAGGLER) downSeconds[i] = p.stragglerFound;
    else if (!arrivals) downSeconds[i] = p.repair;
  }
  return { count, seconds, kind, node, downSeconds };
}

/** Nodes that a trace knows of; 1 where it names none. */
function clusterNodes(meta: FaultTraceMeta): number {
  return meta.topology?.nodes.length ?? meta.nodeCount ?? Math.max(1, meta.nodes.length);
}

/** The parameters with what the trace, the recorded run and the hardware fill in. */
function resolve<P extends JobParams>(p: P, context: ReplayContext<"faults">): Resolved<P> {
  const ends = p.iterationEnds;
  const recorded = ends === null || ends.length === 0 ? null : ends[ends.length - 1];
  return {
    ...withHardwarePath(p, context.profiles.hardware),
    gpus: p.gpus ??
      Math.max(1, Math.floor(clusterNodes(context.meta) / (p.shared?.jobs ?? 1))) * p.gpusPerNode,
    useful: p.useful ?? recorded ?? DEFAULT_USEFUL_SECONDS,
    iteration: recorded === null ? p.iteration : recorded / ends!.length,
  };
}

/** A replay of the fault family: collects the failures, lets the policy plan, replays, prices. */
export function faultReplay<P extends JobParams>(
  given: P,
  context: ReplayContext<"faults">,
  setup: Setup<P>,
): Replay<"faults"> {
  const batches: FaultColumns[] = [];
  return {
    feed: (columns) => {
      batches.push(columns);
    },
    finish() {
      const p = resolve(given, context);
      const cluster = expandFailures(joined(batches, p), context.meta);
      const { list } = cluster;
      const last = list.count === 0 ? 0 : list.seconds[list.count - 1];
      const spanSeconds = context.meta.spanSeconds ?? last;
      if (p.shared !== null) {
        const users = jobsOn(p.shared).map(({ startSeconds, set }) => ({
          startSeconds,
          p: resolve({ ...given, ...set } as P, context),
        }));
        return sharedReplay(users, p.shared, context, setup, cluster, spanSeconds);
      }
      const prepared = prepareJob(p, setup, cluster, spanSeconds, context.seed);
      const keepSpans = context.seriesPoints > 2;
      const timeline = replayFaults(
        engineJob(p, spanSeconds, keepSpans),
        prepared.plan,
        prepared.failures,
      );
      return outcomeOf(p, context, prepared, timeline, {
        spanSeconds,
        unplaced: cluster.unplaced,
      });
    },
  };
}
