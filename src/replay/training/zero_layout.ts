import { z } from "zod";
import type { StepProfile } from "../../model/step_profile.ts";
import { misfit } from "./data_parallel_outcome.ts";
import { type Machine, MACHINE_PARAMS } from "./machine.ts";
import { type StateLayout, stateSizes } from "./sizing.ts";
import { RECOMPUTE_PARAM } from "./step_context.ts";

/** Parameters of ZeRO policies whose optimizer state lies in host memory. */
export const ZERO_PARAMS = {
  ...MACHINE_PARAMS,
  stage: z.union([z.literal("auto"), z.literal(2), z.literal(3)]).default("auto")
    .describe(
      "ZeRO stage: 2 keeps the weights on every GPU, 3 in host memory; auto: 2 when it fits",
    ),
  recompute: RECOMPUTE_PARAM,
  buffers: z.number().int().min(1).default(3).describe(
    "layers whose weights a GPU holds in stage 3",
  ),
} as const;

const shared = z.strictObject(ZERO_PARAMS);

/** The first layout that fits the machine, else the last: the one that asks for least. */
export function firstThatFits(
  step: StepProfile,
  machine: Machine,
  layouts: readonly StateLayout[],
): StateLayout {
  return layouts.find((l) => misfit(machine, stateSizes(step, machine, l)) === null) ??
    layouts.at(-1)!;
}

/**
 * The layout of ZeRO with states in host memory: the stage that was asked for, or the lowest that fits.
 *
 * @param cpuShares Shares of the parameters that the CPU updates, in the order in which they are tried.
 */
export function zeroLayout(
  step: StepProfile,
  machine: Machine,
  p: Pick<z.infer<typeof shared>, "stage" | "recompute" | "buffers">,
  cpuShares: readonly number[],
): { layout: StateLayout; stage: 2 | 3 } {
  const recompute = p.recompute ?? step.recompute;
  const stages: (2 | 3)[] = p.stage === "auto" ? [2, 3] : [p.stage];
  const layouts = stages.flatMap((stage) =>
    cpuShares.map((cpuShare): StateLayout => ({
      weights: stage === 2 ? "replicated" : "partitioned",
      states: "partitioned",
      home: stage === 2 ? "gpu" : "host",
      cpuShare,
      optimizerOnSsd: false,
      recompute: () => recompute,
      buffers: p.buffers,
    }))
  );
  const layout = firstThatFits(step, machine, layouts);
  return { layout, stage: layout.weights === "replicated" ? 2 : 3 };
}
