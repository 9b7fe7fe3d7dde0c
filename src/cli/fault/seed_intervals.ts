import type { MetricValue } from "../../model/metric.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { FailureTopology } from "../../model/trace/faults.ts";
import type { PolicyResult, ReplayDocument } from "../../model/results.ts";
import { runSeeds } from "../../search/monte_carlo.ts";
import { createProgress } from "../progress.ts";
import type { Output } from "../output.ts";
import type { PolicyChoice } from "../replay_params.ts";
import type { GeneratorSpec } from "./generator_spec.ts";

/** Replaces each result's values by their mean over seeds, with the 5th and 95th percentile around it. */
export async function withSeedIntervals(
  document: ReplayDocument,
  choices: readonly PolicyChoice[],
  generator: GeneratorSpec,
  seeds: number,
  context: { readonly profiles: Profiles; readonly topology?: FailureTopology },
  out: Output,
): Promise<ReplayDocument> {
  const results: PolicyResult[] = [];
  for (const [i, result] of document.results.entries()) {
    const metrics = Object.keys(result.metrics).filter((id) => result.metrics[id].value !== null);
    const progress = createProgress(`${result.policy} seeds`, out);
    const summaries = await runSeeds({
      policy: result.policy,
      params: choices[i].params,
      generator,
      ...context,
      metrics,
      seeds,
      firstSeed: document.seed,
      onDone: (done, total) => progress.update(done, total),
    });
    progress.end();
    const means: Record<string, MetricValue> = { ...result.metrics };
    for (const [id, s] of summaries) {
      if (!Number.isFinite(s.mean)) continue;
      means[id] = { ...means[id], value: s.mean, low: s.low, high: s.high, count: seeds };
    }
    results.push({
      ...result,
      metrics: means,
      notes: [
        ...(result.notes ?? []),
        `each value is the mean of ${seeds} seeds between their 5th and 95th percentile; series are of ` +
        "the first seed",
      ],
    });
  }
  return { ...document, results };
}
