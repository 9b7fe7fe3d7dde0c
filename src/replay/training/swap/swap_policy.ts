import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import type { Policy } from "../../../model/policy.ts";
import { defaultMachineParams, type Machine, MACHINE_PARAMS, machineOf } from "../machine.ts";
import { type RecordedKind, tensorReplay, type Tensors } from "../recorded.ts";
import { swapOutcome } from "./outcome.ts";
import type { SwapPlan } from "./plan.ts";

/** Parameters of every policy that moves recorded tensors. */
export const SWAP_PARAMS = {
  memory: MACHINE_PARAMS.memory,
  memoryUtilization: MACHINE_PARAMS.memoryUtilization,
  link: MACHINE_PARAMS.link,
  minBytes: bytesParam().default(2 ** 20).describe("smaller tensors stay"),
} as const;

const shared = z.strictObject(SWAP_PARAMS);

/** A policy that plans, on recorded lifetimes, which tensors leave the GPU while they are idle. */
export function swapPolicy<P extends z.infer<typeof shared>>(
  about: Pick<Policy<RecordedKind, P>, "name" | "summary" | "reference" | "params">,
  plan: (p: P, tensors: Tensors, machine: Machine) => SwapPlan,
): Policy<RecordedKind, P> {
  return {
    ...about,
    family: "training",
    accepts: ["tensors", "allocations"],
    create: (p, context) =>
      tensorReplay(context.meta, (tensors) => {
        const { memory, memoryUtilization, link } = p;
        const machine = machineOf(undefined, context.profiles.hardware, {
          ...defaultMachineParams(),
          memory,
          memoryUtilization,
          link,
        });
        return swapOutcome(about.name, tensors, machine, plan(p, tensors, machine));
      }),
  };
}
