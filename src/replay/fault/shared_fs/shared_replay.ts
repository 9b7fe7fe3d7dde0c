import { usageError } from "../../../model/errors.ts";
import type { Json } from "../../../model/json.ts";
import { metric, type Metrics } from "../../../model/metric.ts";
import { faultKindIndex } from "../../../model/trace/faults.ts";
import type { ReplayContext, ReplayOutcome } from "../../../model/policy.ts";
import type { ClusterFailures } from "../domains/expand.ts";
import { failuresFrom } from "../failure_list.ts";
import { billOf } from "../outcome.ts";
import { usageOf, wasteOf } from "../outcome_usage.ts";
import { jobNodes, type JobParams, type Resolved } from "../params.ts";
import { engineJob, type PreparedJob, prepareJob, type Setup } from "../prepare_job.ts";
import { loadSeconds } from "../recovery.ts";
import { loadCost, saveCost } from "../save_path.ts";
import { addUsages, meanMetrics } from "./combine.ts";
import { jobDetail, jobMetrics, type JobRun, notesOf } from "./job_run.ts";
import type { StoreTimes } from "./job_timeline.ts";
import { createSharedJob } from "./shared_job.ts";
import type { SharedStore } from "./shared_params.ts";
import { simulateJobs } from "./simulate_jobs.ts";
import { createSharedStore, createTokenBucket, type PortSpec } from "./store_port.ts";

/** Seeds of the jobs of one replay lie this far apart. */
const SEED_STEP = 7919;
const ADDED = faultKindIndex("node_added");

/** One of the jobs, and when it starts. */
export interface StoreUser<P extends JobParams> {
  readonly p: Resolved<P>;
  readonly startSeconds: number;
}

/**
 * Replays several jobs, each on its own nodes of the cluster, that share one store: their saves and
 * loads share its bandwidth fairly, so that saves in step and restarts after a common failure take longer.
 * Times are means over the jobs, from each one's own start, counts and bytes their sums.
 *
 * @throws usage error when the size of a checkpoint is not known, or the cluster has too few nodes.
 */
export function sharedReplay<P extends JobParams>(
  users: readonly StoreUser<P>[],
  shared: SharedStore,
  context: ReplayContext<"faults">,
  setup: Setup<P>,
  cluster: ClusterFailures,
  spanSeconds: number,
): ReplayOutcome {
  const sizes = users.map(({ p }) => jobNodes(p));
  checkSizes(users, shared);
  const prepared = users.map(({ p, startSeconds }, j) => {
    const slot = users.length === 1 ? null : { job: j, sizes };
    const made = prepareJob(p, setup, cluster, spanSeconds, context.seed + j * SEED_STEP, slot);
    return { ...made, failures: failuresFrom(made.failures, startSeconds, ADDED) };
  });
  const store = createSharedStore(shared.bandwidth, portsOf(users, prepared, shared.bandwidth));
  const jobs = users.map(({ p, startSeconds }, j) =>
    createSharedJob(
      engineJob(p, spanSeconds, false),
      prepared[j].plan,
      prepared[j].failures,
      store.ports[j],
      startSeconds,
    )
  );
  simulateJobs(jobs, spanSeconds);
  const gpuKey = context.profiles.hardware?.gpu?.key;
  const runs = users.map(({ p, startSeconds }, j): JobRun => {
    const timeline = jobs[j].timeline();
    const bill = billOf(p, prepared[j], timeline);
    return {
      p,
      startSeconds,
      prepared: prepared[j],
      timeline,
      bill,
      times: jobs[j].storeTimes(),
      waste: wasteOf(timeline, p, bill, gpuKey),
    };
  });
  const end = Math.max(...runs.map((r) => r.startSeconds + r.timeline.wallSeconds));
  return {
    metrics: {
      ...meanMetrics(runs.map(jobMetrics)),
      ...storeMetrics(runs.map((r) => r.times)),
      jobs_count: metric(users.length, "count", "replayed"),
      concurrent_transfers_peak: metric(store.peakTransfers(), "count", "modelled"),
      store_busy_ratio: metric(end > 0 ? store.busySeconds() / end : 0, "ratio", "modelled"),
    },
    usage: addUsages(runs.map((r) => usageOf(r.timeline, r.p, r.bill, gpuKey))),
    detail: {
      jobs: runs.map(jobDetail),
      waste: {
        total: addUsages(runs.map((r) => r.waste.total)),
        spares: addUsages(runs.map((r) => r.waste.spares)),
      } as unknown as Json,
    },
    notes: notesOf(runs, shared, { spanSeconds, unplaced: cluster.unplaced }),
  };
}

function checkSizes<P extends JobParams>(
  users: readonly StoreUser<P>[],
  shared: SharedStore,
): void {
  const unknown = users.findIndex(({ p }) => !(p.bytes > 0));
  if (unknown >= 0) {
    throw usageError(
      "--shared: how long jobs share the store depends on what they write" +
        (shared.each === undefined ? "" : `; job ${unknown + 1} does not say`),
      "give the size of a checkpoint with --set bytes=SIZE",
    );
  }
}

/** How each job uses the store; with token-bucket a token a save, refilled as fast as the store writes one. */
function portsOf<P extends JobParams>(
  users: readonly StoreUser<P>[],
  prepared: readonly PreparedJob[],
  bandwidth: number,
): PortSpec[] {
  const saved = users.map(({ p }) => saveCost(p).work.bytes);
  const mean = saved.reduce((sum, bytes) => sum + bytes, 0) / saved.length;
  const bucket = createTokenBucket(users[0].p.tokens, bandwidth / mean);
  return users.map(({ p }, j) => {
    const { persistSeconds, remoteBlockSeconds } = prepared[j].plan.schedule;
    const alone = persistSeconds > 0 ? persistSeconds : remoteBlockSeconds;
    const loadBytes = loadCost(p).work.bytes;
    return {
      saveBytes: saved[j],
      saveRate: saved[j] / alone,
      loadBytes,
      loadRate: loadBytes / loadSeconds(p),
      background: persistSeconds > 0,
      bucket: p.admission === "token-bucket" ? bucket : null,
    };
  });
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
