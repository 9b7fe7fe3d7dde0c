import type { PolicyResult } from "../../model/results.ts";
import { anomalies } from "./anomalies.ts";
import { formatDecimalBytes, formatNumber, formatRate, formatSeconds } from "../../model/units.ts";

/** What the verdict reads of `detail.breakEven`. */
interface Table {
  readonly model: string;
  readonly attention: string;
  readonly hostBytesPerSecond: number;
  readonly hiddenOverKv: number;
  readonly recomputeOverProjectionFlops: number;
  readonly kvBeatsRecomputeBytesPerSecond: number;
  readonly shortestPrefixFromHostTokens: number | null;
  readonly gpuCacheTokens: number;
  readonly blockTokens: number;
}

/** Offload must beat the best without it by this share to be worth its bytes and its trouble. */
const WORTH_RATIO = 0.05;
/** Policies that keep nothing below GPU memory. */
const WITHOUT = new Set(["none", "recompute"]);
/** What a gain is measured by: the tail first; the mean where first-time prompts alone set the tail. */
const BASES = [
  { by: "ttft_p99_seconds", words: "p99 time to first token" },
  { by: "ttft_mean_seconds", words: "mean time to first token" },
] as const;
type Basis = typeof BASES[number];

function valueOf(result: PolicyResult, id: string): number | null {
  const value = result.metrics[id]?.value;
  return typeof value === "number" ? value : null;
}

function best(results: readonly PolicyResult[], by: string): PolicyResult | null {
  const known = results.filter((r) => valueOf(r, by) !== null);
  return known.reduce<PolicyResult | null>(
    (a, b) => a === null || valueOf(b, by)! < valueOf(a, by)! ? b : a,
    null,
  );
}

/** Whether the gain holds when every coefficient lies at the same end of its interval. */
function holdsAtBothEnds(
  offload: PolicyResult,
  without: PolicyResult,
  by: string,
): boolean | null {
  const [a, b] = [offload.metrics[by], without.metrics[by]];
  if (a.low === undefined || a.high === undefined || b.low === undefined || b.high === undefined) {
    return null;
  }
  return a.low < b.low && a.high < b.high;
}

function usesTiers(result: PolicyResult): boolean {
  if (WITHOUT.has(result.policy)) return false;
  return result.policy !== "as-run" || (result.usage?.held.length ?? 0) > 0;
}

/**
 * One sentence (and what it rests on): offload pays or does not, with which method, from which reuse
 * distance and prompt length on, and how sensitive that is. Lossy policies are never recommended.
 */
export function verdict(results: readonly PolicyResult[]): string {
  const lossless = results.filter((r) => !r.legend.lossy);
  const basis = basisOf(lossless);
  const offload = best(lossless.filter(usesTiers), basis.by);
  const without = best(lossless.filter((r) => !usesTiers(r)), basis.by);
  // What a policy without tiers computes with is not the host link that was set for those with tiers.
  const table = tableOf(offload === null ? results : [offload, ...results]);
  const parts: string[] = [];
  const blind = undecidable(results);
  if (blind !== null) parts.push(`No verdict on offload: ${blind}.`);
  else if (offload === null || without === null) {
    const missing = offload === null ? "a policy with tiers (kv-offload)" : "recompute";
    parts.push(`No verdict on offload: add ${missing} to --policy to compare.`);
  } else {
    parts.push(comparison(offload, without, table, basis));
  }
  if (table !== null) parts.push(shapeSentence(table));
  parts.push(...anomalies(results));
  if (results.some((r) => r.legend.lossy)) {
    parts.push("Lossy policies change the answers and are not recommended by latency alone.");
  }
  return parts.join(" ");
}

/** Why the replays say nothing about offload, whatever the policies; null when they do. */
function undecidable(results: readonly PolicyResult[]): string | null {
  const ended = results.some((r) => (valueOf(r, "completed_requests") ?? 0) > 0);
  if (!ended) {
    return "no request ended, for each needs more blocks than an instance has (give more with " +
      "--gpu-blocks, or a machine with more GPU memory)";
  }
  const listed = results.some((r) => valueOf(r, "block_reuse_ratio") !== null);
  return listed
    ? null
    : "the trace has no block ids, so nothing is known of what its prompts share; use a trace with block " +
      "hashes (Mooncake JSONL, WEKA sessions, KV events)";
}

function gainBy(results: readonly PolicyResult[], by: string): number {
  const offload = best(results.filter(usesTiers), by);
  const without = best(results.filter((r) => !usesTiers(r)), by);
  if (offload === null || without === null) return 0;
  const slow = valueOf(without, by)!;
  return slow === 0 ? 0 : 1 - valueOf(offload, by)! / slow;
}

/** The mean only where it gains and the tail neither gains nor loses. */
function basisOf(results: readonly PolicyResult[]): Basis {
  const [tail, mean] = BASES;
  const atTail = gainBy(results, tail.by);
  const onlyMean = Math.abs(atTail) < WORTH_RATIO && gainBy(results, mean.by) >= WORTH_RATIO;
  return onlyMean ? mean : tail;
}

function tableOf(results: readonly PolicyResult[]): Table | null {
  for (const { detail } of results) {
    const table = detail?.breakEven;
    if (table !== undefined && table !== null) return table as unknown as Table;
  }
  return null;
}

function comparison(
  offload: PolicyResult,
  without: PolicyResult,
  table: Table | null,
  { by, words }: Basis,
): string {
  const [fast, slow] = [valueOf(offload, by)!, valueOf(without, by)!];
  const gain = slow === 0 ? 0 : 1 - fast / slow;
  const reused = valueOf(offload, "tier_hit_tokens") ?? 0;
  const computed = valueOf(offload, "computed_tokens") ?? 0;
  const inGpu = valueOf(offload, "hbm_hit_tokens") ?? 0;
  const share = reused / Math.max(1, reused + computed + inGpu);
  const [name, other] = [nameOf(offload), nameOf(without)];
  const numbers = `${words} ${formatSeconds(fast)} with ${name}, ` +
    `${formatSeconds(slow)} with ${other}`;
  const tiers = `${(100 * share).toFixed(1)} % of the input tokens come from its tiers`;
  if (gain < WORTH_RATIO) {
    const against = `Offload does not pay here: ${numbers}; ${tiers}${
      reasonAgainst(share, table)
    }.`;
    const load = loadWords(offload, without);
    return [against, table === null ? null : thresholdsAgainst(table), load]
      .filter((part) => part !== null).join(" ");
  }
  const sentences = [`Offload pays: ${name} (${numbers}); ${tiers}.`];
  if (by !== BASES[0].by) {
    sentences.push("The tail does not change: prompts that come for the first time set it.");
  }
  if (table !== null) {
    sentences.push(
      `It pays for ${reuseWords(table)}, and stops paying when the host link gives less than ` +
        `${formatRate(table.kvBeatsRecomputeBytesPerSecond)} (now ${
          formatRate(table.hostBytesPerSecond)
        }).`,
    );
  }
  // The gain comes from the reused tokens, so to first order it shrinks with them.
  const least = share * WORTH_RATIO / gain;
  sentences.push(
    `With less reuse it gains less: by proportion it is no longer worth ${
      100 * WORTH_RATIO
    } % when ` +
      `below about ${(100 * least).toPrecision(2)} % of the input tokens come from the tiers.`,
  );
  const robust = holdsAtBothEnds(offload, without, by);
  if (robust !== null) {
    sentences.push(
      robust
        ? "The verdict holds at both ends of the coefficients' intervals."
        : "At one end of the coefficients' intervals it does not: measure this machine (calibrate).",
    );
  }
  const load = loadWords(offload, without);
  if (load !== null) sentences.push(load);
  const written = valueOf(offload, "ssd_written_bytes") ?? 0;
  if (written > 0) sentences.push(`It writes ${formatDecimalBytes(written)} to the drives.`);
  return sentences.join(" ");
}

/** What overload makes of the times; null when the machine keeps up with and without offload. */
function loadWords(offload: PolicyResult, without: PolicyResult): string | null {
  const behind = (result: PolicyResult) => Number(result.detail?.behindSeconds ?? 0);
  if (behind(without) === 0) return null;
  if (behind(offload) === 0) {
    return `Without offload the machine cannot keep up with this trace; with ${
      nameOf(offload)
    } it does.`;
  }
  const rates = [offload, without].map((r) =>
    formatNumber(Number((valueOf(r, "requests_per_second") ?? 0).toPrecision(3)))
  );
  return `But the machine cannot keep up with this trace either way (the last answer comes ${
    formatSeconds(behind(offload))
  } after the last request), so these times are mostly waiting in the queue: it serves ${
    rates.join(" instead of ")
  } requests a second, and needs more GPUs or fewer requests.`;
}

/** From which reuse distance and prompt length on loading can pay. */
function reuseWords(table: Table): string {
  const length = table.shortestPrefixFromHostTokens;
  return `blocks reused after more than ${
    formatNumber(table.gpuCacheTokens)
  } other tokens (what GPU memory holds)` +
    (length === null ? "" : ` and prefixes of ${lengthWords(length, table.blockTokens)} or more`);
}

/** What a trace and a link must be like for it to pay on this machine. */
function thresholdsAgainst(table: Table): string {
  const { kvBeatsRecomputeBytesPerSecond: needed, hostBytesPerSecond: now } = table;
  // A link below what is needed was given as the reason already.
  const link = now < needed
    ? ""
    : `, with a host link of more than ${formatRate(needed)} (now ${formatRate(now)})`;
  return `It can pay here only for ${reuseWords(table)}${link}.`;
}

/** A policy, with what a sweep set of it. */
function nameOf({ policy, swept }: PolicyResult): string {
  return [policy, ...Object.entries(swept ?? {}).map(([key, value]) => `${key}=${value}`)].join(
    " ",
  );
}

/** Blocks are reused whole: what pays for less than one pays for one. */
function lengthWords(tokens: number, blockTokens: number): string {
  return tokens > blockTokens
    ? `${formatNumber(tokens)} tokens`
    : `one block (${formatNumber(blockTokens)} tokens)`;
}

function reasonAgainst(share: number, table: Table | null): string {
  if (table !== null && table.hostBytesPerSecond < table.kvBeatsRecomputeBytesPerSecond) {
    return `, and loading is slower than recomputing: it needs ` +
      `${formatRate(table.kvBeatsRecomputeBytesPerSecond)}, the host link gives ` +
      formatRate(table.hostBytesPerSecond);
  }
  if (share < 0.05) return ": GPU memory already holds what is reused, or little is reused";
  return "";
}

/** The shape rule. "Half the bytes and 1/6 of the compute" holds for multi-head attention only. */
function shapeSentence(table: Table): string {
  const { hiddenOverKv: ratio, attention, model } = table;
  if (attention === "MHA" && ratio === 0.5) {
    return `${model} has multi-head attention: hidden states are half the bytes of the KV cache and ` +
      `1/${Math.round(table.recomputeOverProjectionFlops)} of the compute of recomputing it.`;
  }
  const times = ratio < 1 ? ratio.toFixed(2) : ratio.toFixed(1);
  return ratio < 1
    ? `${model}: hidden states are ${times}x the KV bytes, so restoring from them can pay.`
    : `${model}: hidden states are ${times}x the KV bytes, so restoring from them is not recommended.`;
}
