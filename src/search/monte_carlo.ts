import type { Profiles } from "../model/profiles/profiles.ts";
import type { FailureTopology } from "../model/trace/faults.ts";
import type { FaultTraceParams } from "../stats/failure_process.ts";
import { runOnWorkers } from "../runtime/worker_pool.ts";
import type { SeedJob, SeedShared } from "./monte_carlo_worker.ts";

/** One policy replayed on many generated traces. */
export interface MonteCarlo {
  readonly policy: string;
  /** Parsed parameters of the policy. */
  readonly params: unknown;
  readonly generator: Omit<FaultTraceParams, "seed">;
  /** Profiles of the replay; none when absent. */
  readonly profiles?: Profiles;
  /** Where the generated nodes `n0`, `n1`, … stand. */
  readonly topology?: FailureTopology;
  /** Metric ids to collect. */
  readonly metrics: readonly string[];
  readonly seeds: number;
  readonly firstSeed: number;
  /** Worker threads; the number of cores when absent. The result does not depend on it. */
  readonly workers?: number;
  readonly onDone?: (done: number, total: number) => void;
}

/** What the seeds gave for one metric. */
export interface SeedSummary {
  readonly mean: number;
  /** Sample standard deviation of the seeds. */
  readonly deviation: number;
  /** 5th and 95th percentile of the seeds. */
  readonly low: number;
  readonly high: number;
  readonly values: readonly number[];
}

const NO_PROFILES: Profiles = { hardware: null, llm: null, site: null };

/** Seeds of one job: enough to hide the cost of a message, few enough to keep all workers busy. */
const SEEDS_PER_JOB = 25;

/**
 * Replays a policy once a seed, on worker threads. Each seed depends on nothing but itself and the results
 * are kept in seed order, so that neither the number of workers nor their timing shows.
 */
export async function runSeeds(m: MonteCarlo): Promise<Map<string, SeedSummary>> {
  const shared: SeedShared = {
    policy: m.policy,
    params: m.params,
    generator: m.generator,
    profiles: m.profiles ?? NO_PROFILES,
    ...(m.topology === undefined ? {} : { topology: m.topology }),
    metrics: m.metrics,
  };
  const jobs: SeedJob[] = [];
  for (let at = 0; at < m.seeds; at += SEEDS_PER_JOB) {
    jobs.push({ first: m.firstSeed + at, count: Math.min(SEEDS_PER_JOB, m.seeds - at) });
  }
  const parts = await runOnWorkers<SeedShared, SeedJob, number[][]>(
    new URL("./monte_carlo_worker.ts", import.meta.url).href,
    shared,
    jobs,
    { workers: m.workers, onDone: m.onDone },
  );
  return new Map(
    m.metrics.map((id, i) => [id, summarize(parts.flatMap((part) => part.map((row) => row[i])))]),
  );
}

/** Mean, spread and 5th to 95th percentile of the known values. */
export function summarize(all: readonly number[]): SeedSummary {
  const values = all.filter((v) => !Number.isNaN(v));
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return {
    mean,
    deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
    low: at(0.05),
    high: at(0.95),
    values: all,
  };
}
