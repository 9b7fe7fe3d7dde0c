/** A metric over a functional unit of the usage. */
export interface UnitRate {
  readonly id: string;
  readonly metric: string;
  /** Key in `usage.functionalUnits`. */
  readonly functionalUnit: string;
  readonly per: number;
  readonly words: string;
  /** What was counted, in the plural. */
  readonly things: string;
}

const UNITS:
  readonly (readonly [functionalUnit: string, prefix: string, per: number, words: string])[] = [
    ["requests", "request", 1, "request"],
    ["inputTokens", "kilo_input_token", 1000, "1k input tokens"],
    ["outputTokens", "kilo_output_token", 1000, "1k output tokens"],
    ["hits", "hit", 1, "KV hit"],
    ["checkpoints", "checkpoint", 1, "checkpoint"],
    ["usefulSteps", "useful_step", 1, "useful training step"],
    ["steps", "step", 1, "training step"],
  ];

const METRICS: readonly (readonly [metric: string, suffix: string])[] = [
  ["energy_joules", "joules"],
  ["total_grams_co2e", "grams_co2e"],
  ["total_usd", "usd"],
];

/**
 * Rates an estimate gives, each a whole total over its unit: per 1k input tokens and per 1k output
 * tokens are two views of one total and do not add up.
 */
export const UNIT_RATES: readonly UnitRate[] = UNITS.flatMap(
  ([functionalUnit, prefix, per, words]) =>
    METRICS.map(([metric, suffix]) => ({
      id: `${prefix}_${suffix}`,
      metric,
      functionalUnit,
      per,
      words,
      things: functionalUnit.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`),
    })),
);
