import type { LinearSolver } from "../../../model/linear_program.ts";
import type { StepProfile } from "../../../model/step_profile.ts";
import type { Partition } from "./partition.ts";
import { pipelineProgram } from "./program.ts";
import type { PlanMachine } from "./residence.ts";

/** What the integer programs say of a plan. */
export interface Proof {
  readonly status: "optimal" | "beaten" | "undecided";
  /** Shortest time that HiGHS proved possible; null when it was not decided. */
  readonly seconds: number | null;
  readonly programs: number;
  readonly sentence: string;
}

/** Relative difference below which two plans count as equally fast. */
const TOLERANCE = 1e-6;

/** Asks HiGHS, for every number of stages, for a plan faster than `plan`. */
export function provePlan(
  step: StepProfile,
  recompute: boolean,
  machine: PlanMachine,
  plan: Partition,
  stages: number | null,
  solve: LinearSolver,
): Proof {
  const n = step.layers.length;
  const least = stages ?? Math.min(machine.gpus, n);
  const most = stages ?? n;
  const limit = plan.seconds * (1 - TOLERANCE);
  let best = plan.seconds;
  let open = 0;
  for (let s = least; s <= most; s++) {
    const solved = solve(pipelineProgram(step, recompute, machine, s, Math.min(limit, best)), 20);
    if (solved.status === "optimal") best = Math.min(best, solved.objective);
    else if (solved.status === "other") open++;
  }
  const programs = most - least + 1;
  const counts = least === most ? `${least} stages` : `${least} to ${most} stages`;
  if (open > 0) {
    return {
      status: "undecided",
      seconds: null,
      programs,
      sentence: `HiGHS did not decide ${open} of ${programs} integer programs in time.`,
    };
  }
  if (best < limit) {
    return {
      status: "beaten",
      seconds: best,
      programs,
      sentence: `HiGHS finds a partition of ${best} s where the search found ${plan.seconds} s.`,
    };
  }
  return {
    status: "optimal",
    seconds: plan.seconds,
    programs,
    sentence:
      `Proved optimal: HiGHS finds no partition of the ${n} layers into ${counts} that is ` +
      `faster (${programs} integer programs).`,
  };
}
