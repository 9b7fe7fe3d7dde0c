/** What the engine gives for a benchmark's requests with some efficiencies: medians in seconds. */
export interface FitOutcome {
  readonly ttftSeconds: number;
  readonly tpotSeconds: number | null;
}

export interface Efficiencies {
  readonly prefillEfficiency: number;
  readonly bandwidthEfficiency: number;
}

export interface Fit extends Efficiencies {
  readonly outcome: FitOutcome;
  /** Share by which each median is still off; null where it was not measured. */
  readonly ttftError: number | null;
  readonly tpotError: number | null;
  /** Efficiencies that ran into a bound: the profile or the engine's settings do not describe the machine. */
  readonly bounded: readonly string[];
}

export interface FitEffort {
  readonly rounds: number;
  readonly steps: number;
}

const LOWEST = 0.02;
const HIGHEST = 1;
const FULL: FitEffort = { rounds: 4, steps: 16 };
/** Enough to compare fits with each other. */
export const QUICK: FitEffort = { rounds: 2, steps: 10 };

/**
 * Finds the efficiencies with which the engine gives the measured medians: more of either makes its time
 * shorter, so each is found by bisection in turn, computing for the time to first token, memory for the
 * time per token, until both agree.
 */
export function fitEfficiencies(
  measured: { readonly ttftSeconds: number | null; readonly tpotSeconds: number | null },
  start: Efficiencies,
  evaluate: (efficiencies: Efficiencies) => FitOutcome,
  { rounds, steps }: FitEffort = FULL,
): Fit {
  let at: Efficiencies = { ...start };
  const bisect = (
    key: keyof Efficiencies,
    target: number,
    pick: (outcome: FitOutcome) => number | null,
  ): void => {
    // In the logarithm: efficiencies act by their ratio.
    let [low, high] = [Math.log(LOWEST), Math.log(HIGHEST)];
    for (let i = 0; i < steps; i++) {
      const middle = (low + high) / 2;
      at = { ...at, [key]: Math.exp(middle) };
      const seconds = pick(evaluate(at));
      if (seconds === null) return;
      if (seconds > target) low = middle;
      else high = middle;
    }
    at = { ...at, [key]: Math.exp((low + high) / 2) };
  };
  for (let round = 0; round < rounds; round++) {
    if (measured.tpotSeconds !== null) {
      bisect("bandwidthEfficiency", measured.tpotSeconds, (o) => o.tpotSeconds);
    }
    if (measured.ttftSeconds !== null) {
      bisect("prefillEfficiency", measured.ttftSeconds, (o) => o.ttftSeconds);
    }
  }
  const outcome = evaluate(at);
  const error = (value: number | null, target: number | null) =>
    value === null || target === null ? null : value / target - 1;
  const atBound = (value: number) => value < LOWEST * 1.01 || value > HIGHEST / 1.01;
  return {
    ...at,
    outcome,
    ttftError: error(outcome.ttftSeconds, measured.ttftSeconds),
    tpotError: error(outcome.tpotSeconds, measured.tpotSeconds),
    bounded: (["prefillEfficiency", "bandwidthEfficiency"] as const).filter((key) =>
      atBound(at[key])
    ),
  };
}
