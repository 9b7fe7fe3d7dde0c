import type { ReplayOutcome, ReplayParts } from "../../model/policy.ts";
import type { EngineParams } from "./engine_params.ts";
import type { Side } from "./machine.ts";
import { withEnds } from "./outcome_metrics.ts";

const INTERVAL: readonly Side[] = ["mid", "low", "high"];
const MIDDLE: readonly Side[] = ["mid"];

/** The ends of the coefficients' intervals at which a replay runs; the middle is the first. */
export function sidesOf({ intervals }: Pick<EngineParams, "intervals">): readonly Side[] {
  return intervals ? INTERVAL : MIDDLE;
}

/** Everything of the replay at the middle, and the ends of its latencies from the others. */
function join([mid, ...ends]: readonly ReplayOutcome[]): ReplayOutcome {
  return { ...mid, metrics: withEnds(mid.metrics, ends.map(({ metrics }) => metrics)) };
}

/** Each end of the intervals is a replay of its own. */
export const sideParts: ReplayParts<EngineParams> = { of: sidesOf, join };
