import { analyzeRun } from "../../analyze/analyze_run.ts";
import type { RunView } from "../../analyze/run_view.ts";
import { SECONDS_PER_HOUR } from "../../estimate/formulas/units.ts";
import type { SampleColumns } from "../../model/trace/samples.ts";
import type { Trace } from "../../model/trace/trace.ts";
import type { Usage } from "../../model/usage.ts";
import type { Subject } from "./subject.ts";

interface Span {
  readonly fromNs: number;
  readonly toNs: number;
  /** Mean time between two readings of the series that has most of them. */
  readonly intervalNs: number;
}

async function spanOf(trace: Trace<"samples">): Promise<Span> {
  const counts = new Float64Array(trace.meta.series.length);
  let fromNs = Infinity;
  let toNs = -Infinity;
  for await (const { count, timeNs, series } of trace.batches() as AsyncIterable<SampleColumns>) {
    for (let i = 0; i < count; i++) {
      counts[series[i]]++;
      if (timeNs[i] < fromNs) fromNs = timeNs[i];
      if (timeNs[i] > toNs) toNs = timeNs[i];
    }
  }
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  return { fromNs, toNs, intervalNs: most < 2 ? 0 : (toNs - fromNs) / (most - 1) };
}

/** Nobody of ours recorded these samples. */
const NOBODY = {
  ticks: 0,
  missedTicks: 0,
  latenessP50Ns: 0,
  latenessP99Ns: 0,
  cpuSeconds: 0,
  peakRssBytes: 0,
};

function isEmpty(usage: Usage): boolean {
  return usage.devices.length + usage.flows.length + usage.held.length === 0 &&
    Object.keys(usage.measured ?? {}).length === 0;
}

/**
 * One reading of SMART logs as the whole life of the drives until then: what they wrote, over the hours that
 * they were powered. Null without such a log.
 */
function drivesLife({ measured }: Usage, view: RunView): Usage | null {
  const drives = measured?.drives ?? [];
  if (drives.length === 0) return null;
  const wallSeconds = Math.max(...drives.map((d) => d.powerOnHours)) * SECONDS_PER_HOUR;
  const media = drives.map((d) => view.get("nvme", d.device, "media_written_bytes")?.last ?? null);
  return {
    wallSeconds,
    functionalUnits: {},
    devices: [{
      kind: "ssd",
      count: drives.length,
      reservedSeconds: drives.length * wallSeconds,
      busySeconds: null,
    }],
    flows: [],
    held: [],
    measured: {
      drives,
      ssdHostWrittenBytes: drives.reduce((sum, d) => sum + d.lifetimeHostBytes, 0),
      ...(media.includes(null) ? {} : {
        ssdMediaWrittenBytes: media.reduce((sum: number, bytes) => sum + bytes!, 0),
      }),
    },
    evidence: "measured",
  };
}

/**
 * Imported samples (the history of a Prometheus, counters that another tool recorded) as what they say was
 * used, from the first reading to the last. Which GPUs they were and when it was, samples do not say.
 */
export async function subjectOfSamples(trace: Trace<"samples">, id: string): Promise<Subject> {
  const { fromNs, toNs, intervalNs } = await spanOf(trace);
  const { usage, view } = await analyzeRun(
    { ...trace.meta, batches: () => trace.batches() },
    {
      fromNs,
      toNs,
      intervalNs,
      sources: [],
      recorder: NOBODY,
      usage: { logicalCpus: 1, gpuNames: {}, rotational: {} },
    },
  );
  const moment = toNs <= fromNs;
  const life = moment && usage !== null ? drivesLife(usage, view) : null;
  const priced = moment ? life : usage === null || isEmpty(usage) ? null : usage;
  return {
    subject: { kind: "trace", id, name: trace.name },
    inputs: [{
      name: life === null ? trace.name : `${trace.name}: life of its drives until then`,
      usage: priced,
    }],
    profiles: {},
    window: null,
    run: null,
    doubt: null,
    unpricedHint: moment
      ? "its samples are of one moment, in which nothing was used; import a series of them"
      : "its samples name no GPU, CPU, disk or energy that could be priced",
    energyBetween: () => Promise.resolve(null),
  };
}
