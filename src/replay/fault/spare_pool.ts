import { z } from "zod";
import { secondsParam } from "../../model/params.ts";
import { binomialQuantile } from "./forms/spares.ts";
import { jobNodes, type JobParams } from "./params.ts";
import type { FaultPlan, NodeView, Recovery } from "./plan.ts";
import type { FaultInput } from "./run_policy.ts";

/** Parameters of policies with idle spare nodes. */
export const SPARE_PARAMS = {
  spares: z.number().int().nonnegative().nullable().default(null)
    .describe("spare nodes; 99th percentile of the nodes down at once when not given"),
  hot: secondsParam().default(65).describe(
    "swapping a spare in (46 to 65 s at 2,048 to 16,384 GPUs)",
  ),
  requeue: secondsParam().default(768).describe("restart through the queue after a stall"),
  quiet: z.boolean().default(false).describe(
    "nothing fails while the job stalls (assumption of F16)",
  ),
} as const;

export const spareSchema = z.strictObject(SPARE_PARAMS);
export type SpareParams = z.infer<typeof spareSchema>;

/** Spare nodes: as given, or the 99th percentile of Binomial(N, share of time a node is down). */
export function spareNodes(p: JobParams & SpareParams, input: FaultInput): number {
  if (p.spares !== null) return p.spares;
  const nodes = jobNodes(p);
  let down = 0;
  for (let i = 0; i < input.failures.count; i++) {
    const seconds = input.failures.downSeconds[i];
    if (Number.isFinite(seconds)) down += seconds;
  }
  const share = input.spanSeconds > 0 ? down / input.spanSeconds / nodes : 0;
  return binomialQuantile(nodes, Math.min(1, share), 0.99);
}

/** Node part of a plan with spares: the job stalls while fewer than its nodes are up. */
export function sparePlan(
  p: JobParams & SpareParams,
  spares: number,
): Pick<FaultPlan, "tracksNodes" | "nodes" | "quietWhenStalled" | "rate" | "rejoinSeconds"> {
  const nodes = jobNodes(p);
  return {
    tracksNodes: true,
    nodes: nodes + spares,
    quietWhenStalled: p.quiet,
    rate: (view: NodeView) => view.up >= nodes ? 1 : 0,
    rejoinSeconds: (_: NodeView, stalled: boolean) => stalled ? p.requeue : 0,
  };
}

/** The recovery with a spare at hand: its restart is the swap. */
export function swapIn(p: SpareParams, recovery: Recovery): Recovery {
  return { ...recovery, restart: p.hot, waitNode: 0 };
}
