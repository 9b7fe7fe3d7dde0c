import type { Json } from "../../model/json.ts";
import type { PolicyResult } from "../../model/results.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";

/** Parameters of which more should help, with the metric that shows it and whether more of it is better. */
const HELPFUL = [
  ["hostBandwidth", "ttft_p99_seconds", "lower"],
  ["dram", "token_reuse_ratio", "higher"],
  ["ssd", "token_reuse_ratio", "higher"],
  ["remote", "token_reuse_ratio", "higher"],
  ["gpuBlocks", "token_reuse_ratio", "higher"],
  ["instances", "ttft_p99_seconds", "lower"],
] as const;

/** Differences below this share are noise of the model, not worth a sentence. */
const NOTICED = 0.005;
const MOST = 3;

function sameBut(a: PolicyResult, b: PolicyResult, key: string): boolean {
  if (a.policy !== b.policy) return false;
  const keys = new Set([...Object.keys(a.params), ...Object.keys(b.params)]);
  keys.delete(key);
  return [...keys].every((k) => JSON.stringify(a.params[k]) === JSON.stringify(b.params[k]));
}

function numberOf(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

/**
 * Points of a sweep where more of a resource made things worse. A batching engine can do that (another
 * order of admissions), so it is said, not hidden; closed forms and fixed streams under LRU never do.
 */
export function anomalies(results: readonly PolicyResult[]): string[] {
  const found: string[] = [];
  for (const [key, metric, better] of HELPFUL) {
    for (const less of results) {
      for (const more of results) {
        const [a, b] = [numberOf(less.params[key]), numberOf(more.params[key])];
        if (a === null || b === null || a >= b || !sameBut(less, more, key)) continue;
        const [x, y] = [less.metrics[metric]?.value, more.metrics[metric]?.value];
        if (typeof x !== "number" || typeof y !== "number") continue;
        const worse = better === "lower" ? y > x * (1 + NOTICED) : y < x * (1 - NOTICED);
        if (!worse) continue;
        const show = (v: number) =>
          metric === "token_reuse_ratio" ? formatRatio(v) : formatSeconds(v);
        found.push(
          `Anomaly: ${less.policy} with ${key}=${b} has ${metric} ${show(y)}, worse than ${
            show(x)
          } with ` +
            `${key}=${a}: a batching engine admits in another order then.`,
        );
      }
    }
  }
  const rest = found.length - MOST;
  return rest > 0
    ? [...found.slice(0, MOST), `${rest} more anomalies of this kind are in the results.`]
    : found;
}
