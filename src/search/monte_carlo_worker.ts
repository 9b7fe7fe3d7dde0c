import type { Profiles } from "../model/profiles/profiles.ts";
import type { FailureTopology } from "../model/trace/faults.ts";
import { faultColumns, type FaultTraceParams, generateFaults } from "../stats/failure_process.ts";
import { POLICIES } from "../registry/policies.ts";

/** What every job of a Monte-Carlo shares. */
export interface SeedShared {
  readonly policy: string;
  readonly params: unknown;
  readonly generator: Omit<FaultTraceParams, "seed">;
  readonly profiles: Profiles;
  readonly topology?: FailureTopology;
  readonly metrics: readonly string[];
}

/** A run of consecutive seeds. */
export interface SeedJob {
  readonly first: number;
  readonly count: number;
}

/** Replays the seeds of a job; one row a seed, one column a metric, NaN where unknown. */
export async function handle(shared: SeedShared, job: SeedJob): Promise<number[][]> {
  const entry = POLICIES.find((p) => p.family === "fault" && p.name === shared.policy);
  if (entry === undefined) throw new Error(`no policy fault/${shared.policy}`);
  const policy = await entry.load();
  // Names are needed to find nodes in a topology only.
  const names = shared.topology === undefined
    ? []
    : Array.from({ length: shared.generator.nodes }, (_, i) => `n${i}`);
  const rows: number[][] = [];
  for (let seed = job.first; seed < job.first + job.count; seed++) {
    const faults = generateFaults({ ...shared.generator, seed });
    const replay = policy.create(shared.params, {
      meta: {
        nodeCount: shared.generator.nodes,
        spanSeconds: shared.generator.spanSeconds,
        nodes: names,
        ...(shared.topology === undefined ? {} : { topology: shared.topology }),
      },
      profiles: shared.profiles,
      seed,
      seriesPoints: 2,
    });
    replay.feed(faultColumns(faults));
    const { metrics } = replay.finish();
    rows.push(shared.metrics.map((id) => {
      const value = metrics[id]?.value;
      return value === null || value === undefined ? NaN : Number(value);
    }));
  }
  return rows;
}
