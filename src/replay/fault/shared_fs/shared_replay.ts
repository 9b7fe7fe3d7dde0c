import { usageError } from "../../../model/errors.ts";
import type { Json } from "../../../model/json.ts";
import { metric, type Metrics } from "../../../model/metric.ts";
import type { ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import type { ClusterFailures } from "../domains/expand.ts";
import { billOf, remarks } from "../outcome.ts";
import { metricsOf } from "../outcome_metrics.ts";
import { usageOf, wasteOf } from "../outcome_usage.ts";
import type { JobParams, Resolved } from "../params.ts";
import { engineJob, prepareJob, type Setup } from "../prepare_job.ts";
import { loadSeconds } from "../recovery.ts";
import { loadCost, saveCost } from "../save_path.ts";
import { addUsages, meanMetrics } from "./combine.ts";
import type { StoreTimes } from "./job_timeline.ts";
import { createSharedJob } from "./shared_job.ts";
import { simulateJobs } from "./simulate_jobs.ts";
import { createSharedStore, createTokenBucket, type PortSpec } from "./store_port.ts";

/** Seeds of the jobs of one replay lie this far apart. */
const SEED_STEP = 7919;

/**
 * Replays several alike jobs, each on its own nodes of the cluster, that share one store: their saves and
 * loads share its bandwidth fairly, so that saves in step and restarts after a common failure take longer.
 * Times are means over the jobs, counts and bytes their sums.
 *
 * @throws usage error when the size of a checkpoint is not known.
 */
export function sharedReplay<P extends JobParams>(
  p: Resolved<P>,
  context: ReplayContext<"faults">,
  setup: Setup<P>,
  cluster: ClusterFailures,
  spanSeconds: number,
): ReplayOutcome {
  const { jobs: count, bandwidth, name } = p.shared!;
  if (!(p.bytes > 0)) {
    throw usageError(
      "--shared: how long jobs share the store depends on what they write",
      "give the size of a checkpoint with --set bytes=SIZE",
    );
  }
  const prepared = Array.from(
    { length: count },
    (_, j) => prepareJob(p, setup, cluster, spanSeconds, context.seed + j * SEED_STEP, j, count),
  );
  // One token a save, refilled as fast as the store writes one.
  const bucket = p.admission === "token-bucket"
    ? createTokenBucket(p.tokens, bandwidth / saveCost(p).storeBytes)
    : null;
  const store = createSharedStore(
    bandwidth,
    prepared.map(({ plan }): PortSpec => {
      const { persistSeconds, remoteBlockSeconds } = plan.schedule;
      const alone = persistSeconds > 0 ? persistSeconds : remoteBlockSeconds;
      const bytes = saveCost(p).storeBytes;
      const loadBytes = loadCost(p).storeBytes;
      return {
        saveBytes: bytes,
        saveRate: bytes / alone,
        loadBytes,
        loadRate: loadBytes / loadSeconds(p),
        background: persistSeconds > 0,
        bucket,
      };
    }),
  );
  const jobs = prepared.map(({ plan, failures }, j) =>
    createSharedJob(engineJob(p, spanSeconds, false), plan, failures, store.ports[j])
  );
  simulateJobs(jobs, spanSeconds);
  const gpuKey = context.profiles.hardware?.gpu?.key;
  const timelines = jobs.map((job) => job.timeline());
  const bills = timelines.map((t, j) => billOf(p, prepared[j], t));
  const wall = Math.max(...timelines.map((t) => t.wallSeconds));
  const wastes = timelines.map((t, j) => wasteOf(t, p, bills[j], gpuKey));
  const notes = new Set([
    `${count} jobs share ${name}: times are means over the jobs, counts and bytes sums`,
    ...(count === 1 ? ["one job alone never waits for another; --jobs N sets their number"] : []),
    ...prepared.flatMap(({ setup }) => setup.notes ?? []),
    ...timelines.flatMap((t, j) =>
      remarks(t, prepared[j], { spanSeconds, unplaced: cluster.unplaced })
    ),
  ]);
  const interval = prepared[0].setup.intervalSeconds;
  return {
    metrics: {
      ...meanMetrics(
        timelines.map((t, j) => ({
          ...metricsOf(t, p, bills[j]),
          ...prepared[j].setup.metrics?.(t),
          ...(p.spares === null
            ? {}
            : { spare_nodes: metric(prepared[j].spares, "count", "replayed") }),
        })),
      ),
      ...(interval === undefined
        ? {}
        : { checkpoint_interval_seconds: metric(interval, "seconds", "replayed") }),
      ...storeMetrics(jobs.map((job) => job.storeTimes())),
      jobs_count: metric(count, "count", "replayed"),
      concurrent_transfers_peak: metric(store.peakTransfers(), "count", "modelled"),
      store_busy_ratio: metric(wall > 0 ? store.busySeconds() / wall : 0, "ratio", "modelled"),
    },
    usage: addUsages(timelines.map((t, j) => usageOf(t, p, bills[j], gpuKey))),
    detail: {
      jobs: timelines.map((t, j) => ({
        wallSeconds: t.wallSeconds,
        phases: { ...t.phases },
        failures: t.failures,
        saves: t.remoteSaves,
        deferredSaves: jobs[j].storeTimes().deferred,
      })),
      waste: {
        total: addUsages(wastes.map((w) => w.total)),
        spares: addUsages(wastes.map((w) => w.spares)),
      } as unknown as Json,
    },
    notes: [...notes],
  };
}

/** How long saves and loads took at the store, over all jobs. */
function storeMetrics(times: readonly StoreTimes[]): Metrics {
  const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
  const saves = sorted(times.flatMap((t) => t.saveSeconds));
  const loads = sorted(times.flatMap((t) => t.loadSeconds));
  const at = (list: readonly number[], q: number): number =>
    list[Math.max(0, Math.ceil(q * list.length) - 1)];
  return {
    ...(saves.length === 0 ? {} : {
      save_p50_seconds: metric(at(saves, 0.5), "seconds", "modelled", { count: saves.length }),
      save_p99_seconds: metric(at(saves, 0.99), "seconds", "modelled", { count: saves.length }),
    }),
    ...(loads.length === 0 ? {} : {
      load_p50_seconds: metric(at(loads, 0.5), "seconds", "modelled", { count: loads.length }),
      load_p99_seconds: metric(at(loads, 0.99), "seconds", "modelled", { count: loads.length }),
    }),
    deferred_saves: metric(times.reduce((sum, t) => sum + t.deferred, 0), "count", "replayed"),
  };
}
