import { holm } from "../stats/holm.ts";
import { smallestP } from "../stats/mann_whitney.ts";
import { fewestRuns } from "../stats/power.ts";
import { formatRatio } from "../model/units.ts";
import { detectableWith, runsToShow } from "./judge_baseline.ts";
import type { Side } from "./observations.ts";
import type { RuleResult } from "./verdict.ts";

const ALPHA = 0.05;

/**
 * Holm's correction over the sampled baseline rules. A change that matters but is not significant after it
 * is neither shown nor excluded: inconclusive, with the number of runs that would tell. Where so few runs
 * could not make any change significant among so many metrics, every finding is inconclusive.
 */
export function adjust(
  results: readonly RuleResult[],
  current: Side,
  baseline: Side | null,
): RuleResult[] {
  const tested = results.filter((r) => r.kind === "baseline" && r.p !== null);
  if (tested.length === 0) return [...results];
  const adjusted = new Map(holm(tested.map((r) => r.p!)).map((p, i) => [tested[i], p]));
  const powerless = Math.min(...tested.map((r) => smallestP(...r.runs))) * tested.length >= ALPHA;
  // What the first of Holm's steps asks of each: the rest ask less, so that nothing is promised too much.
  const share = ALPHA / tested.length;
  return results.map((unadjusted) => {
    const p = adjusted.get(unadjusted);
    if (p === undefined) return unadjusted;
    const [before, now] = [baseline, current].map((side) =>
      side?.observations[unadjusted.name].values ?? []
    );
    const found = detectableWith(before, now, unadjusted.runs, share);
    const result = {
      ...unadjusted,
      minDetectable: found === null ? null : Math.max(found, unadjusted.minDetectable ?? 0),
    };
    if (powerless) return withoutPower({ ...result, p }, tested.length);
    if (result.status === "fail" && p >= ALPHA) {
      const runs = runsToShow(before, now, Math.abs(result.delta!), share);
      return undecided({ ...result, p }, runs);
    }
    return { ...result, p, reason: result.reason + seen(result) };
  });
}

/** What a pass is worth: the change that these runs would have shown. */
function seen(result: RuleResult): string {
  return result.status !== "pass" || result.minDetectable === null
    ? ""
    : `, and one of ${formatRatio(Number(result.minDetectable.toPrecision(2)))} would have shown`;
}

function undecided(result: RuleResult, runs: number | null): RuleResult {
  const advice = runs === null || runs <= Math.min(...result.runs)
    ? "more runs would tell"
    : `about ${runs} runs a side would tell (${runs - Math.min(...result.runs)} more)`;
  return {
    ...result,
    status: "inconclusive",
    reason: `${result.reason}; not significant (p ${result.p!.toFixed(3)}): ${advice}`,
  };
}

function withoutPower(result: RuleResult, tests: number): RuleResult {
  const more = fewestRuns(tests, ALPHA) - Math.min(...result.runs);
  return {
    ...result,
    status: "inconclusive",
    reason: `${result.reason}; ${result.runs[0]} + ${result.runs[1]} runs cannot show any change ` +
      `among ${tests} measured metrics: ${more} more a side needed, or fewer metrics`,
  };
}
