import type { Evidence } from "../model/evidence.ts";

/** What a rule found. */
export type RuleStatus = "pass" | "fail" | "inconclusive" | "error";

/** One rule with its finding. */
export interface RuleResult {
  /** Metric, and policy where there are several: `paged/peak_reserved_bytes`. */
  readonly name: string;
  readonly kind: "budget" | "baseline" | "trend";
  /** Operator of a budget; absent for other kinds. */
  readonly op?: "<" | "<=" | ">" | ">=";
  readonly level: "off" | "warn" | "error";
  readonly status: RuleStatus;
  readonly unit: string;
  /** The bound of a budget, the baseline's median, or the level before the last change of a trend. */
  readonly reference: number | null;
  readonly current: number | null;
  /** (current - reference) / |reference|; null when it has no meaning. */
  readonly delta: number | null;
  /** Hodges-Lehmann interval of `delta` with 95 % confidence, for sampled comparisons. */
  readonly interval: readonly [low: number, high: number] | null;
  /** p value: after Holm's correction for sampled comparisons, of the last change for trends; else null. */
  readonly p: number | null;
  /** Smallest relative change that the runs would show with a power of 80 %, where that is known. */
  readonly minDetectable: number | null;
  /** Change points of a trend rule, oldest first. */
  readonly trend?: readonly TrendPoint[];
  /** Runs on each side; of a trend, before and since the last change. */
  readonly runs: readonly [baseline: number, current: number];
  readonly evidence: Evidence | null;
  /** One sentence: why. */
  readonly reason: string;
}

/** What tells the rules of a verdict apart: `ttft_p99_seconds (budget < 2)`. */
export function ruleIdentity({ name, kind, op, reference }: RuleResult): string {
  return `${name} (${op === undefined ? kind : `${kind} ${op} ${reference}`})`;
}

/** A run since which the level of a metric is another one. */
export interface TrendPoint {
  readonly run: string;
  /** ISO time of that run. */
  readonly at: string;
  readonly runsAgo: number;
  readonly before: number;
  readonly after: number;
  readonly delta: number | null;
  readonly p: number;
}

/** The verdict object that every writer prints. */
export interface Verdict {
  readonly schema: "spillway/gate/1";
  readonly verdict: RuleStatus;
  readonly exitCode: number;
  /** Whether a failure changes the exit code: true unless every rule only warns. */
  readonly enforced: boolean;
  readonly strict: boolean;
  readonly subject: string;
  readonly baseline: string | null;
  readonly rules: readonly RuleResult[];
}

const isUndecided = (r: RuleResult) => r.status === "inconclusive" || r.status === "error";

/**
 * The worst finding of rules that count, as a verdict and its exit code (DESIGN section 4). Rules that only
 * warn count for nothing, except where no other rule is there: what they could not judge is no pass.
 */
export function concludeVerdict(
  rules: readonly RuleResult[],
  context: { strict: boolean; subject: string; baseline: string | null },
): Verdict {
  const counted = rules.filter((r) => r.level === "error");
  const has = (status: RuleStatus) => counted.some((r) => r.status === status);
  // A gate without any rule judged nothing: that must never look like a pass.
  const verdict: RuleStatus = rules.length === 0 || has("error")
    ? "error"
    : has("fail")
    ? "fail"
    : has("inconclusive") || (counted.length === 0 && rules.some(isUndecided))
    ? "inconclusive"
    : "pass";
  const exitCode = { pass: 0, fail: 1, inconclusive: context.strict ? 3 : 0, error: 4 }[verdict];
  return {
    schema: "spillway/gate/1",
    verdict,
    exitCode,
    enforced: counted.length > 0,
    ...context,
    rules,
  };
}
