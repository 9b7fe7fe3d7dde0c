import type { EngineCounts } from "../../model/engine_config.ts";
import type { MetricUnit } from "../../model/metric.ts";

/** How far off a replay may be before nothing should be concluded from it (BLIS's bars). */
export const HIT_BAR_POINTS = 5;
export const TTFT_BAR_PERCENT = 15;

/** What the replay of a run gave. */
export interface Reproduced {
  /** False when the trace has no block ids: then no hit can be replayed. */
  readonly hasBlocks: boolean;
  readonly inputTokens: number;
  readonly gpuHitTokens: number;
  readonly tierHitTokens: number;
  readonly storedBlocks: number;
  readonly removedBlocks: number;
  readonly loadedBytes: number;
  readonly savedBytes: number;
  readonly preemptions: number;
  /** Seconds to the first token by order of arrival; NaN for a request that did not end. */
  readonly ttftSeconds: Float64Array;
}

/** One quantity beside what was counted. */
export interface ValidationRow {
  readonly quantity: string;
  readonly unit: MetricUnit;
  readonly reproduced: number | null;
  readonly counted: number | null;
  /** Points for ratios, percent of the counted value for all else. */
  readonly difference: number | null;
  readonly differenceUnit: "points" | "percent";
  /** Largest difference that counts as reproduced; null where none is set. */
  readonly bar: number | null;
  readonly verdict: "within" | "beyond" | "shown" | "not counted";
  readonly reason?: string;
}

export type ValidationVerdict = "reproduced" | "missed" | "inconclusive";

export interface Validation {
  readonly rows: readonly ValidationRow[];
  readonly verdict: ValidationVerdict;
  readonly sentence: string;
}

const QUANTILES = [0.5, 0.9, 0.99];

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

function row(
  quantity: string,
  unit: MetricUnit,
  reproduced: number | null,
  counted: number | null,
  bar: number | null,
  reason: string,
): ValidationRow {
  const differenceUnit = unit === "ratio" ? "points" : "percent";
  const base = { quantity, unit, reproduced, counted, differenceUnit } as const;
  if (counted === null || reproduced === null) {
    const why = counted === null ? reason : "the trace has no block ids to replay it from";
    return { ...base, difference: null, bar, verdict: "not counted", reason: why };
  }
  const difference = unit === "ratio"
    ? 100 * (reproduced - counted)
    : counted === 0
    ? reproduced === 0 ? 0 : null
    : 100 * (reproduced / counted - 1);
  if (bar === null || difference === null) {
    return { ...base, difference, bar: null, verdict: "shown" };
  }
  return { ...base, difference, bar, verdict: Math.abs(difference) <= bar ? "within" : "beyond" };
}

const ratio = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole === 0 ? null : part / whole;

/** Mean of |reproduced - counted| / counted over the pairs that both know, in percent; null without any. */
export function meanAbsolutePercentageError(
  pairs: Iterable<readonly [reproduced: number, counted: number]>,
): { percent: number; pairs: number } | null {
  let sum = 0;
  let count = 0;
  for (const [reproduced, counted] of pairs) {
    if (!Number.isFinite(reproduced) || !(counted > 0)) continue;
    sum += Math.abs(reproduced - counted) / counted;
    count++;
  }
  return count === 0 ? null : { percent: 100 * sum / count, pairs: count };
}

/** The times to first token: quantile by quantile, and the mean error that is held against the bar. */
function ttftRows(reproduced: Reproduced, counts: EngineCounts): ValidationRow[] {
  const known = Float64Array.from(reproduced.ttftSeconds.filter((t) => !Number.isNaN(t))).sort();
  const measured = counts.ttftSeconds === null
    ? null
    : Float64Array.from(counts.ttftSeconds.filter((t) => t !== null)).sort();
  const countedAt = (q: number): number | null => {
    if (measured !== null && measured.length > 0) return quantile(measured, q);
    const found = Object.entries(counts.ttftQuantiles).find(([key]) => Number(key) === q);
    return found === undefined ? null : found[1];
  };
  const none = "no times to first token were recorded";
  const rows = QUANTILES.map((q) =>
    row(
      `ttft_p${100 * q}_seconds`,
      "seconds",
      known.length === 0 ? null : quantile(known, q),
      countedAt(q),
      null,
      Object.keys(counts.ttftQuantiles).length > 0
        ? "only some quantiles of the time to first token were recorded"
        : none,
    )
  );
  const list = counts.ttftSeconds;
  const perRequest = list !== null && list.length === reproduced.ttftSeconds.length;
  const pairs = perRequest
    ? list.flatMap((t, i) => t === null ? [] : [[reproduced.ttftSeconds[i], t] as const])
    : rows.flatMap((r) =>
      r.reproduced === null || r.counted === null ? [] : [[r.reproduced, r.counted] as const]
    );
  const error = meanAbsolutePercentageError(pairs);
  const over = perRequest ? `${error?.pairs ?? 0} requests` : `${error?.pairs ?? 0} quantiles`;
  const base = {
    quantity: "ttft_mape",
    unit: "unit" as const,
    reproduced: null,
    counted: null,
    differenceUnit: "percent" as const,
    bar: TTFT_BAR_PERCENT,
  };
  rows.push(
    error === null ? { ...base, difference: null, verdict: "not counted", reason: none } : {
      ...base,
      difference: error.percent,
      verdict: error.percent <= TTFT_BAR_PERCENT ? "within" : "beyond",
      reason: `over ${over}`,
    },
  );
  return rows;
}

/** Holds a replay against what the engine counted. */
export function validate(reproduced: Reproduced, counts: EngineCounts): Validation {
  const { inputTokens, gpuHitTokens, tierHitTokens } = reproduced;
  const known = (value: number | null) => reproduced.hasBlocks ? value : null;
  const rows = [
    row(
      "gpu_hit_ratio",
      "ratio",
      known(ratio(gpuHitTokens, inputTokens)),
      ratio(counts.prefixHitTokens, counts.prefixQueryTokens),
      HIT_BAR_POINTS,
      "the engine's prefix-cache counters were not recorded",
    ),
    row(
      "tier_hit_ratio",
      "ratio",
      known(ratio(tierHitTokens, inputTokens - gpuHitTokens)),
      ratio(counts.tierHitTokens, counts.tierQueryTokens),
      HIT_BAR_POINTS,
      "no counters of look-ups below the GPU were recorded",
    ),
    row(
      "gpu_stored_blocks",
      "blocks",
      known(reproduced.storedBlocks),
      counts.blocksStored,
      null,
      "no KV events were recorded",
    ),
    row(
      "gpu_removed_blocks",
      "blocks",
      known(reproduced.removedBlocks),
      counts.blocksRemoved,
      null,
      "no KV events were recorded",
    ),
    row(
      "loaded_bytes",
      "bytes",
      known(reproduced.loadedBytes),
      counts.loadedBytes,
      null,
      "no counters of loaded bytes were recorded",
    ),
    row(
      "saved_bytes",
      "bytes",
      known(reproduced.savedBytes),
      counts.storedBytes,
      null,
      "no counters of stored bytes were recorded",
    ),
    row(
      "preemption_count",
      "count",
      reproduced.preemptions,
      counts.preemptions,
      null,
      "preemptions were not counted",
    ),
    ...ttftRows(reproduced, counts),
  ];
  return { rows, ...conclude(rows) };
}

function conclude(
  rows: readonly ValidationRow[],
): { verdict: ValidationVerdict; sentence: string } {
  const judged = rows.filter((r) => r.verdict === "within" || r.verdict === "beyond");
  if (judged.length === 0) {
    return {
      verdict: "inconclusive",
      sentence:
        "Nothing that the engine counted can be held against the replay: neither hits nor times to first " +
        "token were recorded, so nothing says that a replay of this run can be trusted.",
    };
  }
  const words = (r: ValidationRow) =>
    `${r.quantity} off by ${Math.abs(r.difference!).toFixed(1)} ` +
    `${r.differenceUnit === "points" ? "points" : "%"} (bar ${r.bar})`;
  const beyond = judged.filter((r) => r.verdict === "beyond");
  if (beyond.length > 0) {
    return {
      verdict: "missed",
      sentence:
        `NOT reproduced: ${beyond.map(words).join(", ")}. Advice for this run would rest on a ` +
        "model that does not describe it: give the engine's block count, and fit the timing (--fit).",
    };
  }
  return {
    verdict: "reproduced",
    sentence: `Reproduced under as-run: ${judged.map(words).join(", ")}.`,
  };
}
