import { metric, type Metrics, unknownMetric } from "../../model/metric.ts";
import type { Policy, Replay, ReplayContext, ReplayOutcome } from "../../model/policy.ts";
import type { DeviceUsage, FlowUsage, HeldUsage, Usage } from "../../model/usage.ts";
import type { IoColumns } from "../../model/trace/io.ts";
import { counted } from "../../model/plural.ts";
import { formatBytes, formatNumber, formatRatio, formatSeconds } from "../../model/units.ts";
import { usageError } from "../../model/errors.ts";
import type { AccessPlan, Samples } from "./access.ts";
import { type EpochFacts, runEpoch } from "./engine.ts";
import { jobOf, type LoaderJob, type LoaderParams } from "./params.ts";

/** What a policy is: how it reads, given the job and the samples. */
export type PlanMaker<P> = (
  params: P,
  job: LoaderJob,
  samples: Samples,
  context: ReplayContext<"io">,
) => AccessPlan;

/** Epochs under a plan, one after the other: caches stay warm. */
export function runEpochs(job: LoaderJob, plan: AccessPlan): EpochFacts[] {
  return Array.from({ length: job.epochs }, (_, epoch) => runEpoch(job, plan, epoch));
}

const TIERS = ["dram", "peer_dram", "ssd", "remote", "object"] as const;

function sumBy(plan: AccessPlan, tier: string, values: Float64Array): number {
  return plan.places.reduce((sum, p, i) => sum + (p.tier === tier ? values[i] : 0), 0);
}

/** Metrics of the last epoch; those of the first beside it, for what caches change. */
function metricsOf(job: LoaderJob, plan: AccessPlan, epochs: readonly EpochFacts[]): Metrics {
  const [first, last] = [epochs[0], epochs[epochs.length - 1]];
  const of = (value: number, unit: "seconds" | "bytes" | "count" | "perSecond") =>
    metric(value, unit, "modelled");
  const ratio = (value: number) =>
    Number.isNaN(value)
      ? unknownMetric("ratio", "modelled", "an epoch has fewer than two steps")
      : metric(value, "ratio", "modelled");
  const metrics: Metrics = {
    accelerator_utilization_ratio: ratio(last.utilization),
    first_epoch_utilization_ratio: ratio(first.utilization),
    utilization_target_ratio: metric(job.targetRatio, "ratio", "assumed"),
    utilization_margin_ratio: ratio(last.utilization - job.targetRatio),
    samples_per_second: of(last.samples / last.seconds, "perSecond"),
    epoch_seconds: of(last.seconds, "seconds"),
    first_epoch_seconds: of(first.seconds, "seconds"),
    batch_wait_p50_seconds: of(last.waits[Math.floor(last.waits.length / 2)] ?? 0, "seconds"),
    batch_wait_p99_seconds: of(
      last.waits[Math.min(last.waits.length - 1, Math.floor(0.99 * last.waits.length))] ?? 0,
      "seconds",
    ),
    source_read_bytes: of(Math.round(last.bytes[0]), "bytes"),
    source_read_requests: of(Math.round(last.requests[0]), "count"),
    source_metadata_operations: of(Math.round(last.metadata[0]), "count"),
    source_busy_ratio: metric(Math.min(1, last.busySeconds[0] / last.seconds), "ratio", "modelled"),
  };
  for (const tier of TIERS) {
    if (!plan.places.some((p) => p.tier === tier)) continue;
    metrics[`${tier}_read_bytes`] = of(Math.round(sumBy(plan, tier, last.bytes)), "bytes");
    metrics[`${tier}_read_requests`] = of(Math.round(sumBy(plan, tier, last.requests)), "count");
  }
  return metrics;
}

function usageOf(job: LoaderJob, plan: AccessPlan, epochs: readonly EpochFacts[]): Usage {
  const wall = epochs.reduce((sum, e) => sum + e.seconds, 0);
  const total = (pick: (e: EpochFacts) => number) => epochs.reduce((sum, e) => sum + pick(e), 0);
  const steps = total((e) => e.steps);
  const devices: DeviceUsage[] = [{
    kind: "gpu",
    ...(job.gpuKey === null ? {} : { key: job.gpuKey }),
    count: job.accelerators,
    reservedSeconds: job.accelerators * wall,
    busySeconds: Math.min(1, steps * job.computeSeconds / wall) * job.accelerators * wall,
  }];
  const flows: FlowUsage[] = [];
  for (const tier of TIERS) {
    const bytes = total((e) => sumBy(plan, tier, e.bytes));
    const requests = total((e) => sumBy(plan, tier, e.requests));
    if (bytes > 0) {
      flows.push({
        tier,
        direction: "read",
        bytes: Math.round(bytes),
        requests: Math.round(requests),
      });
    }
  }
  const held: HeldUsage[] = [];
  for (const [name, { usedBytes, writtenBytes }] of Object.entries(plan.caches?.() ?? {})) {
    const place = plan.places.find((p) => p.name === name)!;
    held.push({ tier: place.tier, byteSeconds: usedBytes * wall });
    if (place.tier === "ssd" && writtenBytes > 0) {
      flows.push({
        tier: "ssd",
        direction: "write",
        bytes: Math.round(writtenBytes),
        requests: Math.round(writtenBytes / job.requestBytes),
      });
    }
  }
  const drives = job.hardware?.ssds.reduce((sum, s) => sum + s.count, 0) ?? 0;
  if (drives > 0 && plan.places.some((p) => p.tier === "ssd")) {
    const busy = total((e) => sumBy(plan, "ssd", e.busySeconds));
    devices.push({
      kind: "ssd",
      key: job.hardware!.ssds[0].name,
      count: drives * job.hosts,
      reservedSeconds: drives * job.hosts * wall,
      busySeconds: Math.min(drives * job.hosts * wall, drives * busy),
    });
  }
  return {
    wallSeconds: wall,
    functionalUnits: { samples: total((e) => e.samples), epochs: epochs.length },
    devices,
    flows,
    held,
    evidence: "modelled",
  };
}

/** The verdict of one policy, with the rule of MLPerf Storage. */
function verdictOf(name: string, job: LoaderJob, last: EpochFacts): string {
  const target = formatRatio(job.targetRatio);
  if (Number.isNaN(last.utilization)) return `${name}: an epoch has fewer than two steps.`;
  const met = last.utilization >= job.targetRatio;
  return `${name}: accelerators are busy ${
    formatRatio(Number(last.utilization.toPrecision(4)))
  } of the time, ` +
    `${met ? "at least" : "less than"} the ${target} that MLPerf Storage asks for; an epoch of ` +
    `${formatNumber(last.samples)} samples takes ${formatSeconds(last.seconds)} and reads ${
      formatBytes(Math.round(last.bytes[0]))
    } in ${formatNumber(Math.round(last.requests[0]))} requests from the source.`;
}

/** Metrics, usage, lines and notes of a run. */
export function loaderOutcome(
  name: string,
  job: LoaderJob,
  samples: Samples,
  plan: AccessPlan,
  epochs: readonly EpochFacts[],
  extra: { readonly metrics?: Metrics; readonly notes?: readonly string[] } = {},
): ReplayOutcome {
  const last = epochs[epochs.length - 1];
  const dropped = samples.count - last.samples;
  return {
    metrics: { ...metricsOf(job, plan, epochs), ...extra.metrics },
    usage: usageOf(job, plan, epochs),
    series: [{
      id: "epoch_utilization",
      title: "Accelerator utilisation by epoch",
      xUnit: "index",
      unit: "ratio",
      x: epochs.map((_, i) => i + 1),
      y: epochs.map((e) => Number.isNaN(e.utilization) ? null : e.utilization),
    }],
    notes: [
      verdictOf(name, job, last),
      ...(dropped === 0 ? [] : [
        `${counted(dropped, "sample")} too few for a last step on ${
          counted(job.accelerators, "accelerator")
        }: dropped.`,
      ]),
      ...plan.notes ?? [],
      ...extra.notes ?? [],
    ],
  };
}

/** Collects the samples of a trace. */
function collect(batches: readonly IoColumns[]): Samples {
  const count = batches.reduce((sum, b) => sum + b.count, 0);
  const bytes = new Float64Array(count);
  let at = 0;
  let totalBytes = 0;
  for (const b of batches) {
    for (let i = 0; i < b.count; i++) {
      if (b.op[i] !== 0) continue;
      bytes[at++] = b.lengthBytes[i];
      totalBytes += b.lengthBytes[i];
    }
  }
  return { count: at, bytes: bytes.subarray(0, at), totalBytes };
}

/** A replay that runs once all samples are known. @throws usage error when they do not fill a step. */
export function loaderReplay<P extends LoaderParams>(
  params: P,
  context: ReplayContext<"io">,
  run: (job: LoaderJob, samples: Samples) => ReplayOutcome,
): Replay<"io"> {
  const batches: IoColumns[] = [];
  return {
    feed: (columns) => void batches.push(columns),
    finish: () => {
      const samples = collect(batches);
      const job = jobOf(params, context.meta.samples, context.profiles.hardware);
      const step = job.accelerators * job.batchSize;
      if (samples.count < step) {
        throw usageError(
          `replay loader: ${samples.count} samples do not fill one step of ${job.accelerators} x ${job.batchSize}`,
          "take more files, or fewer accelerators (--set accelerators=1) or a smaller --set batch",
        );
      }
      return run(job, samples);
    },
  };
}

/** A policy that only chooses how to read. */
export function plainLoader<P extends LoaderParams>(
  facts: Omit<Policy<"io", P>, "family" | "accepts" | "create">,
  make: PlanMaker<P>,
): Policy<"io", P> {
  return {
    ...facts,
    family: "loader",
    accepts: ["io"],
    create: (params, context) =>
      loaderReplay(params, context, (job, samples) => {
        const plan = make(params, job, samples, context);
        return loaderOutcome(facts.name, job, samples, plan, runEpochs(job, plan));
      }),
  };
}
