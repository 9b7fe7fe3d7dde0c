import { z } from "zod";
import { secondsParam } from "../../model/params.ts";
import type { Replay, ReplayContext } from "../../model/policy.ts";
import type { FaultColumns } from "../../model/trace/faults.ts";
import type { JobParams } from "./params.ts";
import type { Setup } from "./prepare_job.ts";
import { faultReplay } from "./run_policy.ts";
import { artifactJob, SPOT_MODELS } from "./spot/artifact_jobs.ts";
import type { SpotJob } from "./spot/simulate.ts";
import { isSpotTrace, spotReplay } from "./spot/spot_replay.ts";

/** Parameters of policies that go on with fewer nodes. */
export const ELASTIC_PARAMS = {
  depth: z.number().int().positive().default(4).describe("nodes of a pipeline"),
  reconfigure: secondsParam().default(10).describe("reconfiguration after a loss or a return"),
} as const;

/** Parameters of policies whose published simulator can be replayed on spot traces. */
export const SPOT_PARAMS = {
  model: z.enum(SPOT_MODELS as [string, ...string[]]).default("BERT-large")
    .describe("spot traces: model of the Oobleck artifact whose step times are used"),
} as const;

/** Pipelines of `depth` nodes that the job starts with. */
export function pipelines(nodes: number, depth: number): number {
  return Math.max(1, Math.floor(nodes / depth));
}

/**
 * On a spot trace (one that says when nodes arrive) the artifact's rules; on any other the family's engine.
 */
export function elasticReplay<P extends JobParams & { readonly model: string }>(
  system: SpotJob["system"],
  p: P,
  context: ReplayContext<"faults">,
  setup: Setup<P>,
): Replay<"faults"> {
  const batches: FaultColumns[] = [];
  return {
    feed: (columns) => {
      batches.push(columns);
    },
    finish() {
      const replay = isSpotTrace(batches)
        ? spotReplay(artifactJob(system, p.model), context)
        : faultReplay(p, context, setup);
      for (const batch of batches) replay.feed(batch);
      return replay.finish();
    },
  };
}
