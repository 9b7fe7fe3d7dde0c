import type { PresetName, Rule } from "./rules.ts";

function baseline(metric: string, level: "warn" | "error" = "error", tolerance = 0): Rule {
  return { kind: "baseline", metric, tolerance, minEffect: 0.03, level, ifPresent: true };
}

function all(metrics: readonly string[], level: "warn" | "error" = "error"): Rule[] {
  return metrics.map((metric) => baseline(metric, level));
}

/**
 * Sets of baseline rules to start from. A rule of a preset is left out where neither side has its metric: one
 * preset serves every family. Rules of `spillway.json` and of flags replace those about the same metric.
 */
export const PRESETS: Readonly<Record<PresetName, readonly Rule[]>> = {
  memory: [
    ...all([
      "oom_count",
      "min_capacity_bytes",
      "peak_reserved_bytes",
      "stranded_bytes",
      "waste_ratio",
    ]),
    baseline("peak_allocated_bytes", "warn"),
  ],
  serving: [
    ...all(["ttft_p99_seconds", "tpot_p50_seconds", "token_hit_ratio", "token_reuse_ratio"]),
    ...all(["ttft_p50_seconds", "preemption_count"], "warn"),
  ],
  training: [
    ...all(["goodput_ratio", "lost_seconds"]),
    baseline("wall_seconds", "warn"),
  ],
  storage: [
    ...all(["ssd_written_bytes", "ssd_wear_ratio"]),
    ...all(["disk_written_bytes"], "warn"),
  ],
  // Coefficients are revised: a difference of 1 % is no finding about the workload.
  green: ["energy_joules", "total_grams_co2e", "total_usd", "ssd_wear_ratio"].map((metric) =>
    baseline(metric, "error", 0.01)
  ),
  time: all(["run_seconds"]),
};

const keyOf = (rule: Rule) =>
  rule.kind === "budget" ? `budget ${rule.metric} ${rule.op[0]}` : `${rule.kind} ${rule.metric}`;

/** Rules of the presets, then the given ones; a later rule of the same kind about a metric replaces an earlier. */
export function combineRules(presets: readonly PresetName[], rules: readonly Rule[]): Rule[] {
  const combined = new Map<string, Rule>();
  for (const rule of [...presets.flatMap((name) => PRESETS[name]), ...rules]) {
    combined.set(keyOf(rule), rule);
  }
  return [...combined.values()];
}
