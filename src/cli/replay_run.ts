import { usageError } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import type { Family, Replay, ReplayOutcome } from "../model/policy.ts";
import type { Profiles } from "../model/profiles/profiles.ts";
import type { PolicyResult, RankEntry, ReplayDocument } from "../model/results.ts";
import type { Trace } from "../model/trace/trace.ts";
import type { ReplayJob } from "../search/replay_worker.ts";
import { VERSION } from "../runtime/version.ts";
import type { Progress } from "./progress.ts";
import type { PolicyChoice } from "./replay_params.ts";

export const DEFAULT_SERIES_POINTS = 2000;

/**
 * Replays a trace under every choice and returns the results in the order of the choices: on worker threads
 * where that pays, else in one pass over the batches.
 *
 * @throws usage error when a policy cannot replay this kind of trace.
 */
export async function runPolicies(
  trace: Trace,
  choices: readonly PolicyChoice[],
  profiles: Profiles,
  seed: number,
  progress?: Progress,
): Promise<PolicyResult[]> {
  for (const { policy } of choices) {
    if (!(policy.accepts as readonly string[]).includes(trace.kind)) {
      throw usageError(
        `--policy ${policy.name}: it replays ${policy.accepts.join(" or ")} traces, but ` +
          `"${trace.name}" is a trace of ${trace.kind}`,
      );
    }
  }
  const options = { profiles, seed, seriesPoints: DEFAULT_SERIES_POINTS };
  const { replayOnWorkers, worthWorkers } = await import("../search/replay_parallel.ts");
  const jobs = choices.flatMap(jobsOf);
  const outcomes = worthWorkers(trace, jobs.length)
    ? joinParts(
      choices,
      await replayOnWorkers(trace, jobs, {
        ...options,
        onDone: (done, total) => progress?.update(done, total),
      }),
    )
    : await replayInOnePass(trace, choices, options);
  progress?.end();
  return outcomes.map((outcome, i) => toResult(choices[i], outcome));
}

/** The jobs of one choice: its parts, or the whole. */
function jobsOf({ policy, params }: PolicyChoice): ReplayJob[] {
  const job = { family: policy.family, policy: policy.name, params };
  const parts = policy.parts?.of(params) ?? [];
  return parts.length > 1 ? parts.map((part) => ({ ...job, part })) : [job];
}

/** One outcome a choice again, from those of {@link jobsOf}. */
function joinParts(
  choices: readonly PolicyChoice[],
  outcomes: readonly ReplayOutcome[],
): ReplayOutcome[] {
  let at = 0;
  return choices.map((choice) => {
    const own = outcomes.slice(at, at += jobsOf(choice).length);
    return own.length > 1 ? choice.policy.parts!.join(own) : own[0];
  });
}

async function replayInOnePass(
  trace: Trace,
  choices: readonly PolicyChoice[],
  options: { profiles: Profiles; seed: number; seriesPoints: number },
): Promise<ReplayOutcome[]> {
  const { loadEvictions } = await import("../search/load_evictions.ts");
  const families = choices.map(({ policy }) => policy.family);
  const evictions = await loadEvictions(families);
  const { linearSolverFor } = await import("../search/linear_solver.ts");
  const solver = await linearSolverFor(families);
  const replays: Replay[] = choices.map(({ policy, params }) =>
    policy.create(params, { meta: trace.meta, ...options, evictions, solver })
  );
  for await (const batch of trace.batches()) {
    for (const replay of replays) replay.feed(batch);
  }
  return replays.map((replay) => replay.finish());
}

function toResult({ policy, shown, swept }: PolicyChoice, outcome: ReplayOutcome): PolicyResult {
  return {
    policy: policy.name,
    family: policy.family,
    params: shown,
    ...(Object.keys(swept).length === 0 ? {} : { swept }),
    metrics: outcome.metrics,
    usage: outcome.usage,
    ...(outcome.series === undefined ? {} : { series: outcome.series }),
    ...(outcome.figures === undefined ? {} : { figures: outcome.figures }),
    ...(outcome.detail === undefined ? {} : { detail: outcome.detail }),
    ...(outcome.notes === undefined ? {} : { notes: outcome.notes }),
    legend: {
      summary: policy.summary,
      reference: policy.reference,
      lossy: policy.lossy ?? false,
    },
  };
}

/** Results best first; equal values share a rank, unknown values come last in the order given. */
export function rankResults(
  results: readonly PolicyResult[],
  by: string,
  better: "lower" | "higher",
): RankEntry[] {
  const valueOf = (i: number): number | null => {
    const value = results[i].metrics[by]?.value;
    return value === null || value === undefined ? null : Number(value);
  };
  const order = results.map((_, i) => i).sort((a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
    if (x === y) return a - b;
    return (x < y) === (better === "lower") ? -1 : 1;
  });
  const entries: RankEntry[] = [];
  order.forEach((result, place) => {
    const previous = entries[place - 1];
    const tied = previous !== undefined && valueOf(previous.result) === valueOf(result);
    entries.push({
      rank: tied ? previous.rank : place + 1,
      result,
      policy: results[result].policy,
      ...(results[result].legend.lossy ? { lossy: true as const } : {}),
    });
  });
  return entries;
}

/** The document of a replay (DESIGN section 4). */
export function replayDocument(
  family: Family,
  trace: Trace & { readonly id?: string | null },
  profiles: Profiles,
  seed: number,
  results: readonly PolicyResult[],
): ReplayDocument {
  const order = rankResults(results, family.rankBy, family.better);
  const used = Object.entries(profiles).filter(([, profile]) => profile !== null);
  return {
    schema: "spillway/replay/1",
    tool: { name: "spillway", version: VERSION },
    family: family.name,
    trace: {
      id: trace.id ?? null,
      name: trace.name,
      kind: trace.kind,
      format: trace.format,
      sha256: trace.sha256,
      rows: trace.rows,
    },
    profiles: Object.fromEntries(used) as { [role: string]: Json },
    seed,
    results,
    ranking: {
      by: family.rankBy,
      better: family.better,
      order,
      recommendation: family.recommend(results, order),
    },
  };
}
