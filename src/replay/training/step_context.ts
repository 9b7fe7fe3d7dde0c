import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import type { Replay, ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import type { StepProfile } from "../../model/step_profile.ts";

/** Whether a policy of a described step computes activations again. */
export const RECOMPUTE_PARAM = z.boolean().nullable().default(null)
  .describe("compute activations again in the backward pass; null: as the step says");

/**
 * The layers of the step that the trace describes.
 *
 * @throws usage error for a recorded timeline, which knows tensors but no layers.
 */
export function neededStep(context: ReplayContext<"tensors">, policy: string): StepProfile {
  const { step } = context.meta;
  if (step !== undefined) return step;
  throw usageError(
    `--policy ${policy}: it plans over the layers of a model, but the trace is a recorded timeline of tensors`,
    "describe a step instead, such as model:batch=8,seq=2048 --llm gpt3-175b; on recorded tensors run " +
      "gpu-only, swap-vs-recompute and g10",
  );
}

/** A replay that needs nothing of the rows, because the description says it all. */
export function describedReplay(finish: () => ReplayOutcome): Replay<"tensors"> {
  return { feed: () => {}, finish };
}
