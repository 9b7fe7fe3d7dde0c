import { faultColumns, type FaultTraceParams, generateFaults } from "../stats/failure_process.ts";
import { POLICIES } from "../registry/policies.ts";

/** What every job of a Monte-Carlo shares. */
export interface SeedShared {
  readonly policy: string;
  readonly params: unknown;
  readonly generator: Omit<FaultTraceParams, "seed">;
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
  const rows: number[][] = [];
  for (let seed = job.first; seed < job.first + job.count; seed++) {
    const faults = generateFaults({ ...shared.generator, seed });
    const replay = policy.create(shared.params, {
      meta: {
        nodeCount: shared.generator.nodes,
        spanSeconds: shared.generator.spanSeconds,
        nodes: [],
      },
      profiles: { hardware: null, llm: null, site: null },
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
