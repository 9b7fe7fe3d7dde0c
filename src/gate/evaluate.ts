import { acknowledge } from "./acknowledge.ts";
import { adjust } from "./adjust.ts";
import { judgeBaseline } from "./judge_baseline.ts";
import { judgeBudget } from "./judge_budget.ts";
import { judgeTrend } from "./judge_trend.ts";
import type { History, Side } from "./observations.ts";
import type { JudgedConfig, Rule } from "./rules.ts";
import type { RuleResult } from "./verdict.ts";

export interface EvaluateOptions {
  /** Relative run-to-run noise of this machine; raises `minEffect`. 0 when not measured. */
  readonly noise: number;
  /** ISO date, for acknowledgements that expire. */
  readonly today: string;
  /** Earlier runs of the same workload, for trend rules. */
  readonly history?: History | null;
}

/**
 * Judges every rule. A missing metric, too few runs, an incomplete recording or another machine is
 * `inconclusive` with the reason, never `pass`.
 */
export function evaluateRules(
  config: JudgedConfig,
  current: Side,
  baseline: Side | null,
  options: EvaluateOptions,
): RuleResult[] {
  const results = assign(config.rules, current, baseline)
    .filter(({ rule }) => rule.level !== "off")
    .map(({ rule, name }) => {
      switch (rule.kind) {
        case "budget":
          return judgeBudget(rule, name, current);
        case "baseline":
          return judgeBaseline(rule, name, current, baseline, options.noise);
        case "trend":
          return judgeTrend(rule, name, current, options.history ?? null);
      }
    });
  return adjust(results, current, baseline)
    .map((result) => acknowledge(result, config.acks, options.today));
}

/** How closely a rule names an observation: by its whole name, by its metric under any policy, by `*`. */
function closeness(rule: Rule, name: string): number {
  return rule.metric === name ? 2 : rule.metric === "*" ? 0 : 1;
}

/**
 * Which rule judges which observation. Of several baseline or trend rules about one observation the closest
 * counts (the later of equals), so that a rule for one metric makes an exception from `*`. Budgets with
 * different bounds all count.
 */
function assign(
  rules: readonly Rule[],
  current: Side,
  baseline: Side | null,
): { rule: Rule; name: string }[] {
  const pairs = rules.flatMap((rule) =>
    namesFor(rule, current, baseline).map((name) => ({ rule, name }))
  );
  const place = (rule: Rule, name: string) =>
    rule.kind === "budget" ? `budget ${rule.op} ${rule.bound} ${name}` : `${rule.kind} ${name}`;
  const closest = new Map<string, Rule>();
  for (const { rule, name } of pairs) {
    const key = place(rule, name);
    const other = closest.get(key);
    if (other === undefined || closeness(rule, name) >= closeness(other, name)) {
      closest.set(key, rule);
    }
  }
  return pairs.filter(({ rule, name }) => closest.get(place(rule, name)) === rule);
}

/** The observations a rule is about: its name, the name under every policy, or all with a direction. */
function namesFor(rule: Rule, current: Side, baseline: Side | null): string[] {
  const known = [
    ...new Set([
      ...Object.keys(current.observations),
      ...Object.keys(rule.kind === "baseline" ? baseline?.observations ?? {} : {}),
    ]),
  ].sort();
  const everKnown = (name: string) =>
    [current, baseline].some((side) => (side?.observations[name]?.values.length ?? 0) > 0);
  if (rule.metric === "*") {
    // Never known on either side: there is nothing that could have become worse.
    return known.filter((name) =>
      everKnown(name) &&
      (current.observations[name] ?? baseline?.observations[name])!.better !== "none"
    );
  }
  const found = known.filter((name) => name === rule.metric || name.endsWith(`/${rule.metric}`));
  if (rule.ifPresent) return found.filter(everKnown);
  return found.length === 0 ? [rule.metric] : found;
}
