import { z } from "zod";
import { secondsParam } from "../../model/params.ts";
import type { FailureList } from "./failure_list.ts";
import { binomialQuantile } from "./forms/spares.ts";
import type { FaultPlan, NodeView } from "./plan.ts";

/** Parameters of idle spare nodes; any policy that replaces lost nodes can have some. */
export const SPARE_PARAMS = {
  spares: z.union([z.literal("p99"), z.number().int().nonnegative()]).nullable().default(null)
    .describe(
      "idle spare nodes, or p99: the 99th percentile of the nodes down at once; null: lost nodes are " +
        "replaced at once from elsewhere",
    ),
  hot: secondsParam().default(65).describe(
    "swapping a spare in (46 to 65 s at 2,048 to 16,384 GPUs)",
  ),
  requeue: secondsParam().default(768).describe("restart through the queue after a stall"),
  quiet: z.boolean().default(false).describe(
    "nothing fails while the job stalls (assumption of F16)",
  ),
} as const;

const spareSchema = z.strictObject(SPARE_PARAMS);
export type SpareParams = z.infer<typeof spareSchema>;

/**
 * Spare nodes: as given, or the 99th percentile of Binomial(N, share of time a node is down); 0 when none
 * are wanted.
 */
export function spareNodes(
  p: SpareParams,
  nodes: number,
  failures: FailureList,
  spanSeconds: number,
): number {
  if (p.spares !== "p99") return p.spares ?? 0;
  let down = 0;
  for (let i = 0; i < failures.count; i++) {
    const seconds = failures.downSeconds[i];
    if (Number.isFinite(seconds)) down += seconds;
  }
  const share = spanSeconds > 0 ? down / spanSeconds / nodes : 0;
  return binomialQuantile(nodes, Math.min(1, share), 0.99);
}

/**
 * A plan whose job swaps spares in: the swap takes the place of the wait and the restart, and the job stalls
 * while fewer than its nodes are up.
 */
export function withSpares(
  plan: FaultPlan,
  p: SpareParams,
  nodes: number,
  spares: number,
): FaultPlan {
  return {
    ...plan,
    tracksNodes: true,
    nodes: nodes + spares,
    quietWhenStalled: p.quiet,
    rate: (view: NodeView) => view.up >= nodes ? 1 : 0,
    rejoinSeconds: (_: NodeView, stalled: boolean) => stalled ? p.requeue : 0,
    recover(failures, at, view) {
      const recovery = plan.recover(failures, at, view);
      // What is faster than the swap (a restart from memory, say) needs no spare.
      const restart = recovery.restore === "remote" ? p.hot : Math.min(recovery.restart, p.hot);
      return { ...recovery, restart, waitNode: 0 };
    },
  };
}
