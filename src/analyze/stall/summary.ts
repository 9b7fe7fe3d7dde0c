import { formatRatio, formatSeconds } from "../../model/units.ts";
import {
  STALL_CLASS_IDS,
  type StallCeilings,
  type StallClassId,
  type StallSummary,
} from "../../model/stalls.ts";
import { type Classified, RULES } from "./classify.ts";
import type { SecondsTable } from "./seconds.ts";

function sentenceOf(
  hasGpu: boolean,
  seconds: Readonly<Record<StallClassId, number>>,
  total: number,
  rule: string | null,
): string {
  const storage = seconds.storage_read_bound + seconds.storage_write_bound;
  const share = total > 0 ? storage / total : 0;
  const amount = `${formatSeconds(storage)} (${formatRatio(share)})`;
  const why = rule === null ? "" : `: ${rule}`;
  if (hasGpu) {
    const unknown = seconds.unknown;
    const rest = unknown === 0
      ? ""
      : `; ${formatSeconds(unknown)} cannot be told, since SM activity is not known`;
    return `the GPU waited ${amount} on storage${why}${rest}`;
  }
  return `storage was the limit for ${amount}${why}; no GPU was recorded`;
}

/** @param durationSeconds The length of the run: its last second may be short. */
export function summarizeStalls(
  table: SecondsTable,
  { classes, rules }: Classified,
  ceilings: StallCeilings,
  durationSeconds: number,
): StallSummary {
  const seconds = Object.fromEntries(STALL_CLASS_IDS.map((id) => [id, 0])) as Record<
    StallClassId,
    number
  >;
  const byRule = new Array<number>(RULES.length).fill(0);
  const storageRules = new Array<number>(RULES.length).fill(0);
  const timeline: { class: StallClassId; start: number; seconds: number }[] = [];
  for (let s = 0; s < table.count; s++) {
    const length = Math.max(0, Math.min(1, durationSeconds - s));
    const name = STALL_CLASS_IDS[classes[s]];
    seconds[name] += length;
    byRule[rules[s]] += length;
    if (name.startsWith("storage")) storageRules[rules[s]] += length;
    const open = timeline.at(-1);
    if (open !== undefined && open.class === name) open.seconds += length;
    else timeline.push({ class: name, start: s, seconds: length });
  }
  const storageSeconds = seconds.storage_read_bound + seconds.storage_write_bound;
  const most = storageRules.indexOf(Math.max(...storageRules));
  return {
    seconds,
    rules: byRule.map((amount, i) => ({ rule: RULES[i], seconds: amount }))
      .filter((r) => r.seconds > 0).sort((a, b) => b.seconds - a.seconds),
    hasGpu: table.hasGpu,
    storageSeconds,
    storageRatio: durationSeconds > 0 ? storageSeconds / durationSeconds : 0,
    evidence: "modelled",
    sentence: sentenceOf(
      table.hasGpu,
      seconds,
      durationSeconds,
      storageSeconds > 0 ? RULES[most] : null,
    ),
    ceilings,
    timeline,
  };
}
