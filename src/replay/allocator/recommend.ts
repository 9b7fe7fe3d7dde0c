import { formatInUnit } from "../../model/format_metric.ts";
import { counted } from "../../model/plural.ts";
import { resultLabels } from "../../model/result_labels.ts";
import type { PolicyResult, RankEntry } from "../../model/results.ts";
import { formatRatio } from "../../model/units.ts";

function number(r: PolicyResult, id: string): number | null {
  const value = r.metrics[id]?.value;
  return typeof value === "number" ? value : null;
}

const size = (bytes: number) => formatInUnit(bytes, "bytes");

/** What a validation says: whether the recording is reproduced. */
function validation(r: PolicyResult): string | null {
  const addresses = number(r, "recorded_addresses");
  if (addresses === null) return null;
  const matched = number(r, "recorded_addresses_matched");
  const segments = number(r, "recorded_segments");
  const matchedSegments = number(r, "recorded_segments_matched");
  const exact = matched === addresses && matchedSegments === segments;
  const whole = (n: number | null) => (n ?? 0).toLocaleString("en-US");
  return `${r.policy} reproduces ${whole(matched)} of ` +
    `${counted(addresses, "recorded address", "recorded addresses")} and ` +
    `${whole(matchedSegments)} of ${counted(segments ?? 0, "segment")}` +
    (exact ? "." : ": advice from this model on this recording is not proven.");
}

/** A named result; a plan made with the future known is a bound, not advice. */
interface Candidate {
  readonly label: string;
  readonly result: PolicyResult;
}

/** Who holds back most of what is stranded, as the pinning of the outcome names it. */
function topPin({ result }: Candidate): { name: string; blocks: number } | null {
  const pinning = result.detail?.pinning as
    | { pins?: readonly { name: string; blocks: number }[] }
    | undefined;
  return pinning?.pins?.[0] ?? null;
}

function stranded(candidate: Candidate): string {
  const bytes = number(candidate.result, "stranded_bytes") ?? 0;
  const blocks = number(candidate.result, "stranding_block_count") ?? 0;
  if (bytes === 0) return "";
  const pin = topPin(candidate);
  const whose = pin === null
    ? ""
    : blocks === 1
    ? ` (${pin.name})`
    : `, the largest part held back by ${pin.name} (${counted(pin.blocks, "block")})`;
  return `; ${size(bytes)} is stranded by ${counted(blocks, "block")}${whose}`;
}

/** What to take, by the smallest capacity each needs. */
function byCapacity(candidates: readonly Candidate[], bound: number | null): string {
  const need = (c: Candidate) => number(c.result, "min_capacity_bytes")!;
  const sorted = [...candidates].sort((a, b) => need(a) - need(b));
  const best = sorted[0];
  const plan = bound === null ? "" : ` A perfect plan would need ${size(bound)}.`;
  const usual = sorted.find((c) => c.result.policy === "pytorch-caching");
  const other = usual === undefined || usual === best ? sorted.at(-1)! : usual;
  if (other === best || need(other) === need(best)) {
    const equal = sorted.length > 1 && need(other) === need(best) ? " like every other policy" : "";
    return `${best.label} would have fitted in ${size(need(best))}${equal}${
      stranded(best)
    }.${plan}`;
  }
  const loser = usual === best ? best : other;
  return `${best.label} would have fitted in ${size(need(best))}; ${other.label} needs ` +
    `${size(need(other))}${stranded(loser)}${loser === other ? " there" : ""}.${plan}`;
}

/** What to take in a memory of a given size: who runs out of it, and why. */
function byFailures(candidates: readonly Candidate[]): string {
  const ooms = (c: Candidate) => number(c.result, "oom_count") ?? 0;
  const retries = (c: Candidate) => number(c.result, "retry_count") ?? 0;
  const sorted = [...candidates].sort((a, b) => ooms(a) - ooms(b) || retries(a) - retries(b));
  const [best, worst] = [sorted[0], sorted.at(-1)!];
  const stalls = retries(best) === 0
    ? ""
    : `, with ${counted(retries(best), "stall")} to give the cache back`;
  const head = ooms(best) === 0
    ? `${best.label} runs without out-of-memory${stalls}`
    : `No policy fits: even ${best.label} runs out of memory ${counted(ooms(best), "time")}`;
  return ooms(worst) === ooms(best)
    ? `${head}${ooms(best) === 0 ? "" : stranded(best)}.`
    : `${head}; ${worst.label} fails ${counted(ooms(worst), "time")}${stranded(worst)} there.`;
}

/** Requests that a policy's pool could never hold, whatever else waits. */
function byRejections(candidates: readonly Candidate[]): string {
  const rejected = (c: Candidate) => number(c.result, "rejected_count") ?? 0;
  const sorted = [...candidates].sort((a, b) => rejected(a) - rejected(b));
  const [best, worst] = [sorted[0], sorted.at(-1)!];
  const head = rejected(best) === 0
    ? `${best.label} can run every request`
    : `${best.label} can run all but ${counted(rejected(best), "request")}`;
  return `${head}; ${worst.label} must reject ${counted(rejected(worst), "request")}, ` +
    "which it could never hold.";
}

function byWaste(results: readonly PolicyResult[], order: readonly RankEntry[]): string {
  const best = order[0] === undefined ? undefined : results[order[0].result];
  const waste = best === undefined ? null : number(best, "waste_ratio");
  if (best === undefined || waste === null) return "No policy could be replayed.";
  const worst = order.findLast((e) => number(results[e.result], "waste_ratio") !== null)!;
  const other = results[worst.result];
  const batch = (r: PolicyResult) => number(r, "peak_batch_count");
  const against = other === best
    ? ""
    : `, ${other.policy} ${formatRatio(number(other, "waste_ratio")!)}`;
  const runs = batch(best) !== null && other !== best
    ? `; it runs up to ${counted(batch(best) ?? 0, "request")} at once, ${other.policy} ${
      batch(other)
    }`
    : "";
  return `${best.policy} wastes least: ${
    formatRatio(waste)
  } of the memory it holds${against}${runs}.`;
}

/** One sentence: which allocator to take, against which other one, and what holds the memory back. */
export function recommend(
  results: readonly PolicyResult[],
  order: readonly RankEntry[],
): string {
  const validated = results.map(validation).filter((text) => text !== null);
  if (validated.length > 0) return validated.join(" ");
  const labels = resultLabels(results);
  const all = results.map((result, i): Candidate => ({ label: labels[i], result }));
  const plan = all.find((c) => number(c.result, "lower_bound_bytes") !== null);
  const candidates = all.filter((c) => c !== plan);
  const known = candidates.filter((c) => number(c.result, "min_capacity_bytes") !== null);
  if (known.length > 0 && known.length === candidates.length) {
    return byCapacity(known, plan === undefined ? null : number(plan.result, "planned_bytes"));
  }
  if (candidates.some((c) => (number(c.result, "oom_count") ?? 0) > 0)) {
    return byFailures(candidates);
  }
  const rejections = new Set(results.map((r) => number(r, "rejected_count") ?? 0));
  return rejections.size > 1 ? byRejections(all) : byWaste(results, order);
}
