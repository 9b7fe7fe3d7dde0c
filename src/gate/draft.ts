import { median } from "../stats/median.ts";
import type { Observation, Side } from "./observations.ts";
import type { Rule } from "./rules.ts";
import type { RuleResult } from "./verdict.ts";

/** The finding of a rule with what is not known of it yet; judges fill in the rest. */
export function draft(
  rule: Rule,
  name: string,
  observation: Observation | undefined,
  part: Partial<RuleResult> & Pick<RuleResult, "status" | "reason">,
): RuleResult {
  const values = observation?.values ?? [];
  return {
    name,
    kind: rule.kind,
    ...(rule.kind === "budget" ? { op: rule.op } : {}),
    level: rule.level,
    unit: observation?.unit ?? "",
    reference: null,
    current: values.length === 0 ? null : median(values),
    delta: null,
    interval: null,
    p: null,
    minDetectable: null,
    runs: [0, values.length],
    evidence: observation?.evidence ?? null,
    ...part,
  };
}

/** Why an observation cannot be judged, or null. */
export function unusable(name: string, side: Side): string | null {
  const observation = side.observations[name];
  if (observation === undefined) return `${side.name} has no metric ${name}`;
  if (observation.missing !== null) {
    return `${name} of ${side.name} is unknown: ${observation.missing}`;
  }
  return side.incomplete === null ? null : `${side.name} must not be judged: ${side.incomplete}`;
}
