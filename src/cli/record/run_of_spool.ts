import { runEngine } from "../../analyze/run_engine.ts";
import { runLedger } from "../../analyze/ledger.ts";
import { runMetrics } from "../../analyze/run_metrics.ts";
import { runUsage } from "../../analyze/run_usage.ts";
import { createRunView, type RunView } from "../../analyze/run_view.ts";
import { createSeriesTotals } from "../../analyze/series_totals.ts";
import type { Spool } from "../../collect/spool/reader.ts";
import { mergeEngine } from "../../parse/engine/config_file.ts";
import {
  type RunEngine,
  type ServingEngineConfig,
  servingEngineConfigSchema,
} from "../../model/engine_config.ts";
import type { Json } from "../../model/json.ts";
import type { RunRecord } from "../../model/results.ts";
import { formatSeconds } from "../../model/units.ts";

/** Intervals that a gauge's integral bridges: slow sources read once a second, SMART once a minute. */
const GAP_INTERVALS = 10;
const MIN_GAP_NS = 5e9;

function record(value: unknown): { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as { [key: string]: Json }
    : {};
}

/** What one source said of its devices when the recording began. */
function deviceFacts(spool: Spool, sources: readonly string[]): { [device: string]: Json } {
  const devices = record(spool.header.fingerprint.devices);
  return Object.assign({}, ...sources.map((source) => record(devices[source])));
}

function pick<T>(facts: { [device: string]: Json }, key: string, is: (v: Json) => v is Json & T) {
  const found: Record<string, T> = {};
  for (const [device, value] of Object.entries(facts)) {
    const one = record(value)[key];
    if (one !== undefined && is(one)) found[device] = one;
  }
  return found;
}

/** The totals of a spool's samples, in one pass. */
export async function viewOfSpool(spool: Spool): Promise<RunView> {
  const gap = Math.max(MIN_GAP_NS, GAP_INTERVALS * spool.header.intervalNs);
  const totals = createSeriesTotals(spool.series, gap);
  for await (const batch of spool.batches()) totals.add(batch);
  return createRunView(
    spool.series.map((series, i) => ({ series, total: totals.total(i, spool.reasons) })),
  );
}

/** The engine by its files and by what its page said when the recording began. */
function engineOf(spool: Spool, view: RunView): RunEngine | null {
  const parse = (value: Json | undefined): ServingEngineConfig | null => {
    const parsed = servingEngineConfigSchema.safeParse(value);
    return parsed.success ? parsed.data : null;
  };
  const pages = Object.values(deviceFacts(spool, ["scrape"])).map(parse).filter((p) => p !== null);
  const files = parse(spool.header.fingerprint.engine);
  return runEngine(view, mergeEngine(files, pages[0] ?? null), null);
}

/** Why a run is partial, or null. */
function partialReason(spool: Spool): string | null {
  if (spool.footer === null) {
    const until = formatSeconds(spool.lastTimeNs / 1e9);
    const why = spool.torn === null ? "" : `; ${spool.torn.reason}`;
    return `the recorder ended without closing the recording; samples up to ${until} are here${why}`;
  }
  if (spool.footer.partialReason !== null) return spool.footer.partialReason;
  return spool.torn === null ? null : `the spool is damaged: ${spool.torn.reason}`;
}

/** The run that a spool holds; a spool without its end gives a partial run. */
export async function runOfSpool(spool: Spool): Promise<RunRecord> {
  const { header, footer, state } = spool;
  const view = await viewOfSpool(spool);
  const durationNs = footer?.durationNs ?? spool.lastTimeNs;
  const recorder = footer?.recorder ?? state?.recorder ?? {
    ticks: 0,
    missedTicks: 0,
    latenessP50Ns: 0,
    latenessP99Ns: 0,
    cpuSeconds: 0,
    peakRssBytes: 0,
  };
  const sources = footer?.sources ?? state?.sources ?? [];
  const durationSeconds = durationNs / 1e9;
  const reason = partialReason(spool);
  const cpus = header.fingerprint.logicalCpus;
  const isText = (value: Json): value is string => typeof value === "string";
  const engine = engineOf(spool, view);
  const isFlag = (value: Json): value is boolean => typeof value === "boolean";
  return {
    schema: "spillway/run/1",
    tool: { name: "spillway", version: header.toolVersion },
    name: header.name,
    command: header.command,
    workingDirectory: header.workingDirectory,
    startedUnixNs: state?.startedUnixNs ?? header.startedUnixNs,
    durationNs,
    intervalNs: header.intervalNs,
    status: reason === null ? "complete" : "partial",
    statusReason: reason,
    exit: footer?.exit ?? { code: null, signal: null },
    sources,
    marks: spool.marks.toSorted((a, b) => a.timeNs - b.timeNs),
    recorder,
    fingerprint: header.fingerprint,
    ledger: runLedger(view),
    metrics: runMetrics(view, { durationSeconds, sources, recorder }),
    ...(engine === null ? {} : { engine }),
    usage: runUsage(view, {
      durationSeconds,
      logicalCpus: typeof cpus === "number" ? cpus : 1,
      gpuNames: pick(deviceFacts(spool, ["nvidia-smi", "nvml", "dcgm"]), "name", isText),
      rotational: pick(deviceFacts(spool, ["block"]), "rotational", isFlag),
    }),
  };
}
