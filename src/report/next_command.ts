import { bestOf } from "../model/best_result.ts";
import { resultLabels } from "../model/result_labels.ts";
import type { ReportItem } from "./input.ts";

/** A word of a shell line: quoted where it is not plain. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The bound 10 % worse than a value, short enough to type. */
function bound(value: number, better: "lower" | "higher"): string {
  return Number((value * (better === "lower" ? 1.1 : 0.9)).toPrecision(3)).toString();
}

/** One command that looks further: a gate that keeps the best result, or a price for what has none. */
export function nextCommand(items: readonly ReportItem[]): string {
  const replay = items.find((i) => i.kind === "replay");
  if (replay !== undefined) {
    const { results, ranking } = replay.document;
    const best = bestOf(ranking);
    const value = best === undefined ? null : results[best.result].metrics[ranking.by]?.value;
    if (typeof value === "number" && value > 0) {
      const label = resultLabels(results)[best!.result];
      const metric = results.length === 1 ? ranking.by : `${label}/${ranking.by}`;
      const sign = ranking.better === "lower" ? "<" : ">";
      const rule = `${metric}${sign}${bound(value, ranking.better)}`;
      return `spillway gate ${replay.id} --budget ${shellWord(rule)}`;
    }
  }
  const run = items.find((i) => i.kind === "run");
  const estimated = items.some((i) => i.kind === "estimate");
  if (run !== undefined && !estimated) return `spillway estimate ${run.id}`;
  if (run !== undefined) return `spillway baseline save main ${run.id}`;
  return "spillway explain total_grams_co2e";
}
