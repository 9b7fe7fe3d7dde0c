import { median } from "../stats/median.ts";
import { formatNumber } from "../model/units.ts";
import { draft, unusable } from "./draft.ts";
import { exactValues, type Side } from "./observations.ts";
import type { BudgetRule } from "./rules.ts";
import type { RuleResult } from "./verdict.ts";

function holds(rule: BudgetRule, value: number | bigint): boolean {
  switch (rule.op) {
    case "<":
      return value < rule.bound;
    case "<=":
      return value <= rule.bound;
    case ">":
      return value > rule.bound;
    case ">=":
      return value >= rule.bound;
  }
}

/** Judges an absolute bound; a bound inside the interval (or between the runs) of a value is inconclusive. */
export function judgeBudget(rule: BudgetRule, name: string, side: Side): RuleResult {
  const observation = side.observations[name];
  const reference = rule.bound;
  const problem = unusable(name, side);
  if (problem !== null) {
    return draft(rule, name, observation, { reference, status: "inconclusive", reason: problem });
  }
  const value = median(observation.values);
  const [low, high] = observation.low !== null && observation.high !== null
    ? [observation.low, observation.high]
    : [Math.min(...observation.values), Math.max(...observation.values)];
  // Without an interval each value is held against the bound as it is, beyond 2^53 too.
  const checked = observation.low !== null && observation.high !== null
    ? [low, high]
    : exactValues(observation);
  const kept = checked.filter((v) => holds(rule, v)).length;
  const status = kept === checked.length ? "pass" : kept === 0 ? "fail" : "inconclusive";
  const range = low === high
    ? formatNumber(value)
    : `${formatNumber(low)} to ${formatNumber(high)}`;
  const bound = `${rule.op} ${formatNumber(rule.bound)}`;
  const reason = status === "inconclusive"
    ? `the bound ${bound} lies inside ${range}`
    : `${range} is ${status === "pass" ? "within" : "outside"} ${bound}`;
  const delta = rule.bound === 0 ? null : (value - rule.bound) / Math.abs(rule.bound);
  return draft(rule, name, observation, { reference, status, reason, delta });
}
