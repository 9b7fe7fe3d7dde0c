import { holm } from "../stats/holm.ts";
import { hodgesLehmannRatio, median } from "../stats/median.ts";
import { mannWhitney, smallestP } from "../stats/mann_whitney.ts";
import { fewestRuns, minDetectableEffect, relativeNoise } from "../stats/power.ts";
import { formatNumber, formatRatio } from "../model/units.ts";
import { differingFingerprint, type Observation, type Side } from "./observations.ts";
import type { BaselineRule, BudgetRule, GateConfig, Rule } from "./rules.ts";
import type { RuleResult, RuleStatus } from "./verdict.ts";

const ALPHA = 0.05;
/** Fewest runs on each side before a sampled metric is judged. */
export const FEWEST_RUNS = 5;

type Draft = Omit<RuleResult, "p" | "status" | "reason"> & {
  status: RuleStatus;
  reason: string;
  p: number | null;
};

/**
 * Judges every rule. A missing metric, too few runs, an incomplete recording or another machine is
 * `inconclusive` with the reason, never `pass`.
 *
 * @param noise Relative run-to-run noise of this machine; raises `minEffect`. 0 when not measured.
 * @param today ISO date, for acknowledgements that expire.
 */
export function evaluateRules(
  config: GateConfig,
  current: Side,
  baseline: Side | null,
  options: { noise: number; today: string },
): RuleResult[] {
  const drafts = config.rules.filter((rule) => rule.level !== "off").flatMap((rule) =>
    namesFor(rule, current, baseline).map((name) =>
      rule.kind === "budget"
        ? judgeBudget(rule, name, current)
        : judgeBaseline(rule, name, current, baseline, options.noise)
    )
  );
  return adjust(drafts).map((result) => acknowledge(result, config, options.today));
}

/** The observations a rule is about: its name, the name under every policy, or all with a direction. */
function namesFor(rule: Rule, current: Side, baseline: Side | null): string[] {
  const known = [
    ...new Set([
      ...Object.keys(current.observations),
      ...Object.keys(rule.kind === "baseline" ? baseline?.observations ?? {} : {}),
    ]),
  ].sort();
  if (rule.metric === "*") {
    return known.filter((name) => {
      const sides = [current.observations[name], baseline?.observations[name]];
      // Never known on either side: there is nothing that could have become worse.
      const everKnown = sides.some((o) => o !== undefined && o.values.length > 0);
      return everKnown && (sides[0] ?? sides[1])!.better !== "none";
    });
  }
  const found = known.filter((name) => name === rule.metric || name.endsWith(`/${rule.metric}`));
  return found.length === 0 ? [rule.metric] : found;
}

function draft(
  rule: Rule,
  name: string,
  observation: Observation | undefined,
  part: Partial<Draft> & { status: RuleStatus; reason: string },
): Draft {
  const values = observation?.values ?? [];
  return {
    name,
    kind: rule.kind,
    level: rule.level,
    unit: observation?.unit ?? "",
    reference: null,
    current: values.length === 0 ? null : median(values),
    delta: null,
    p: null,
    runs: [0, values.length],
    evidence: observation?.evidence ?? null,
    ...part,
  };
}

/** Why an observation cannot be judged, or null. */
function unusable(name: string, side: Side): string | null {
  const observation = side.observations[name];
  if (observation === undefined) return `${side.name} has no metric ${name}`;
  if (observation.missing !== null) {
    return `${name} of ${side.name} is unknown: ${observation.missing}`;
  }
  if (side.incomplete !== null && observation.nature === "sampled") {
    return `${side.name} is incomplete: ${side.incomplete}`;
  }
  return null;
}

function judgeBudget(rule: BudgetRule, name: string, side: Side): Draft {
  const observation = side.observations[name];
  const reference = rule.bound;
  const problem = unusable(name, side);
  if (problem !== null) {
    return draft(rule, name, observation, { reference, status: "inconclusive", reason: problem });
  }
  const holds = (x: number) =>
    rule.op === "<"
      ? x < rule.bound
      : rule.op === "<="
      ? x <= rule.bound
      : rule.op === ">"
      ? x > rule.bound
      : x >= rule.bound;
  const value = median(observation.values);
  const [low, high] = observation.low !== null && observation.high !== null
    ? [observation.low, observation.high]
    : [Math.min(...observation.values), Math.max(...observation.values)];
  const sides = [holds(low), holds(high)];
  const status = sides[0] !== sides[1] ? "inconclusive" : sides[0] ? "pass" : "fail";
  const range = low === high
    ? formatNumber(value)
    : `${formatNumber(low)} to ${formatNumber(high)}`;
  const reason = status === "inconclusive"
    ? `the bound ${rule.op} ${formatNumber(rule.bound)} lies inside ${range}`
    : `${range} is ${status === "pass" ? "within" : "outside"} ${rule.op} ${
      formatNumber(rule.bound)
    }`;
  const delta = rule.bound === 0 ? null : value / rule.bound - 1;
  return draft(rule, name, observation, { reference, status, reason, delta });
}

function judgeBaseline(
  rule: BaselineRule,
  name: string,
  current: Side,
  baseline: Side | null,
  noise: number,
): Draft {
  const now = current.observations[name];
  if (baseline === null) {
    return draft(rule, name, now, { status: "inconclusive", reason: "there is no baseline" });
  }
  const before = baseline.observations[name];
  const problem = unusable(name, current) ?? unusable(name, baseline);
  if (problem !== null) {
    return draft(rule, name, now, { status: "inconclusive", reason: problem });
  }
  const reference = median(before.values);
  const runs: [number, number] = [before.values.length, now.values.length];
  const delta = reference === 0 ? null : median(now.values) / reference - 1;
  const shared = { reference, runs, delta };
  if (now.better === "none") {
    return draft(rule, name, now, {
      ...shared,
      status: "inconclusive",
      reason: `${name} has no better direction: a gate cannot judge it`,
    });
  }
  return now.nature === "exact"
    ? judgeExact(rule, name, now, before, shared)
    : judgeSampled(rule, name, now, before, shared, {
      noise,
      mismatch: differingFingerprint(current, baseline),
    });
}

type SharedPart = { reference: number; runs: [number, number]; delta: number | null };

function judgeExact(
  rule: BaselineRule,
  name: string,
  now: Observation,
  before: Observation,
  shared: SharedPart,
): Draft {
  const value = median(now.values);
  const allowed = Math.abs(shared.reference) * rule.tolerance;
  const worse = now.better === "lower" ? value - shared.reference : shared.reference - value;
  const unsteady = [now, before].some((o) => new Set(o.values).size > 1);
  if (unsteady) {
    return draft(rule, name, now, {
      ...shared,
      status: "error",
      reason: "an exact metric differs between runs of one side: something is not deterministic",
    });
  }
  const same = value === shared.reference;
  return draft(rule, name, now, {
    ...shared,
    status: worse > allowed ? "fail" : "pass",
    reason: same ? "unchanged" : `${formatNumber(shared.reference)} -> ${formatNumber(value)}` +
      (worse > allowed
        ? rule.tolerance === 0 ? ", worse" : `, worse by more than ${formatRatio(rule.tolerance)}`
        : worse > 0
        ? ", within the tolerance"
        : ", better"),
  });
}

function judgeSampled(
  rule: BaselineRule,
  name: string,
  now: Observation,
  before: Observation,
  shared: SharedPart,
  context: { noise: number; mismatch: string | null },
): Draft {
  const fewest = Math.min(...shared.runs);
  if (context.mismatch !== null) {
    return draft(rule, name, now, {
      ...shared,
      status: "inconclusive",
      reason: `the baseline was measured on another machine: ${context.mismatch} differs`,
    });
  }
  const minDetectable = detectable(before.values, now.values);
  if (fewest < FEWEST_RUNS) {
    return draft(rule, name, now, {
      ...shared,
      minDetectable,
      status: "inconclusive",
      reason:
        `${shared.runs[0]} against ${shared.runs[1]} runs: ${FEWEST_RUNS - fewest} more needed ` +
        `(with these, p cannot fall below ${
          formatNumber(smallestP(shared.runs[0], shared.runs[1]))
        }` + (minDetectable === null
          ? ")"
          : `, and ${FEWEST_RUNS} runs a side find changes from ${
            formatRatio(Number(detectableAt(before.values, now.values, FEWEST_RUNS).toPrecision(2)))
          })`),
    });
  }
  const { p } = mannWhitney(before.values, now.values);
  const ratio = hodgesLehmannRatio(before.values, now.values);
  const worse = now.better === "lower" ? ratio - 1 : 1 - ratio;
  const bound = Math.max(rule.minEffect, context.noise);
  return draft(rule, name, now, {
    ...shared,
    delta: ratio - 1,
    p,
    minDetectable,
    status: worse > bound ? "fail" : "pass",
    reason: `${formatRatio(Number((ratio - 1).toPrecision(3)))} over ${shared.runs[0]} + ` +
      `${shared.runs[1]} runs; changes below ${formatRatio(bound)} do not matter`,
  });
}

/**
 * Holm over the sampled rules: a change that is not significant after it is no failure. Where so few runs
 * could not make any change significant among so many metrics, the finding is inconclusive, not a pass.
 */
function adjust(drafts: readonly Draft[]): RuleResult[] {
  const tested = drafts.map((d, i) => ({ d, i })).filter(({ d }) => d.p !== null);
  const adjusted = holm(tested.map(({ d }) => d.p!));
  const byIndex = new Map(tested.map(({ i }, place) => [i, adjusted[place]]));
  const tests = tested.length;
  const powerless = tests > 0 &&
    Math.min(...tested.map(({ d }) => smallestP(...d.runs))) * tests >= ALPHA;
  return drafts.map((d, i) => {
    const p = byIndex.get(i);
    if (p === undefined) return d;
    if (powerless) {
      const more = fewestRuns(tests, ALPHA) - Math.min(...d.runs);
      return {
        ...d,
        p,
        status: "inconclusive",
        reason: `${d.reason}; ${d.runs[0]} + ${d.runs[1]} runs cannot show any change among ` +
          `${tests} measured metrics: ${more} more a side needed, or fewer metrics`,
      };
    }
    if (d.status === "fail" && p >= ALPHA) {
      return {
        ...d,
        p,
        status: "pass",
        reason: `${d.reason}; not significant (p ${p.toFixed(3)})`,
      };
    }
    return { ...d, p };
  });
}

/** As {@link detectable}, had there been `runs` runs on each side. */
function detectableAt(before: readonly number[], now: readonly number[], runs: number): number {
  const noise = Math.hypot(relativeNoise(before)!, relativeNoise(now)!) / Math.SQRT2;
  return minDetectableEffect(noise, runs, runs);
}

/** Smallest change that runs as noisy as these would show with a power of 80 %; null when unknown. */
function detectable(before: readonly number[], now: readonly number[]): number | null {
  const [a, b] = [relativeNoise(before), relativeNoise(now)];
  if (a === null || b === null) return null;
  return minDetectableEffect(Math.sqrt((a * a + b * b) / 2), before.length, now.length);
}

/** A failure that somebody has acknowledged only warns, until the acknowledgement expires. */
function acknowledge(result: RuleResult, config: GateConfig, today: string): RuleResult {
  if (result.status !== "fail") return result;
  const ack = config.acks.find((a) => a.metric === result.name);
  if (ack === undefined) return result;
  return today > ack.until
    ? {
      ...result,
      reason: `${result.reason}; the acknowledgement by ${ack.who} expired ${ack.until}`,
    }
    : {
      ...result,
      level: "warn",
      reason: `${result.reason}; acknowledged by ${ack.who} until ${ack.until}: ${ack.reason}`,
    };
}
