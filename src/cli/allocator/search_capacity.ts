import { metric } from "../../model/metric.ts";
import type { PolicyResult, ReplayDocument } from "../../model/results.ts";
import { allocatorFamily } from "../../replay/allocator/family.ts";
import type { CapacityQuestion } from "../../search/min_capacity.ts";
import { createProgress } from "../progress.ts";
import type { ReplayAfter } from "../replay_command.ts";
import { rankResults } from "../replay_run.ts";

function questionOf(
  result: PolicyResult,
  { policy, params }: ReplayAfter["choices"][number],
): CapacityQuestion | null {
  const { capacity, search } = params as { capacity?: number | null; search?: boolean };
  const requested = result.metrics.peak_requested_bytes?.value;
  const reserved = result.metrics.peak_reserved_bytes?.value;
  if (policy.fits === undefined || search !== true || capacity !== null) return null;
  if (typeof requested !== "number" || typeof reserved !== "number") return null;
  // A validation is about what was, not about what would fit.
  if (result.metrics.recorded_addresses !== undefined) return null;
  return {
    family: policy.family,
    policy: policy.name,
    params,
    atLeastBytes: requested,
    enoughBytes: reserved,
  };
}

/** What a policy could not do in the memory it was given, by the kind of trace. */
const FAILURES = ["oom_count", "rejected_count"];

/** In a memory that is too small, what fails least is best, however little it wastes. */
export function rankByFailures(document: ReplayDocument): ReplayDocument {
  const { results } = document;
  const failures = (by: string) => results.map((r) => Number(r.metrics[by]?.value ?? 0));
  const by = FAILURES.find((id) => failures(id).some((n) => n > 0));
  // Requests that no policy could ever run say nothing about the policies.
  if (by === undefined || (by === "rejected_count" && new Set(failures(by)).size === 1)) {
    return document;
  }
  const order = rankResults(results, by, "lower");
  const recommendation = allocatorFamily.recommend(results, order);
  return { ...document, ranking: { by, better: "lower", order, recommendation } };
}

/** Adds the smallest capacity of every result that was replayed on a device without limit, and ranks by it. */
export async function searchCapacities(after: ReplayAfter): Promise<ReplayDocument> {
  const { document, trace, choices, profiles, out } = after;
  const questions = document.results.map((result, i) => questionOf(result, choices[i]));
  const asked = questions.filter((q) => q !== null);
  if (asked.length === 0) return rankByFailures(document);
  const { CAPACITY_STEP, smallestCapacities } = await import("../../search/min_capacity.ts");
  const progress = createProgress("search the smallest capacity", out);
  const answers = await smallestCapacities(trace, asked, {
    profiles,
    seed: document.seed,
    onProbe: (probes) => progress.update(probes, probes),
  });
  progress.end();
  let next = 0;
  const results = document.results.map((result, i): PolicyResult => {
    if (questions[i] === null) return result;
    const { bytes } = answers[next++];
    const reason = `replayed without out-of-memory at this size, and with it at ${CAPACITY_STEP} ` +
      "bytes less; other sizes below may fit again";
    return {
      ...result,
      metrics: {
        ...result.metrics,
        min_capacity_bytes: metric(bytes, "bytes", "replayed", { reason }),
      },
    };
  });
  const all = results.every((r) => r.metrics.min_capacity_bytes !== undefined);
  const by = all ? "min_capacity_bytes" : document.ranking.by;
  const order = rankResults(results, by, "lower");
  return {
    ...document,
    results,
    ranking: {
      by,
      better: "lower",
      order,
      recommendation: allocatorFamily.recommend(results, order),
    },
  };
}
