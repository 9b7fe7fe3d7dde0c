import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { environmentError, messageOf } from "../model/errors.ts";
import type { Json } from "../model/json.ts";
import type { SourceStatus } from "../model/results.ts";
import { wallUnixNs } from "../runtime/clock.ts";
import { ownIdentity, ownUsage, workingDirectory } from "../runtime/host.ts";
import { parseMarks } from "../parse/marks.ts";
import { createSampler, type FrameTarget, type SampledSource, type Sampler } from "./sampler.ts";
import type { SampleSeries } from "../model/trace/samples.ts";
import type { LiveEndpoints, Source, SourceContext } from "./source.ts";
import { MARKS_VARIABLE } from "./marks.ts";
import { marksPath } from "./spool/find.ts";
import type { RecorderState, SpoolFooter, SpoolHeader } from "./spool/records.ts";
import { createSpool, type SpoolWriter } from "./spool/writer.ts";

export interface RecorderOptions {
  readonly spoolPath: string;
  readonly toolVersion: string;
  readonly name: string;
  readonly command: readonly string[];
  readonly intervalNs: number;
  /** Process to attach to; a command's own process is told later with `follow`. */
  readonly attachPid?: number;
  readonly fingerprint: { readonly [key: string]: Json };
  readonly sources: readonly Source[];
  /** Prefix of the paths that sources read; "" on a real machine. */
  readonly root?: string;
  /** Serving engines to listen to; their files are kept beside the spool. */
  readonly live?: Omit<LiveEndpoints, "filePrefix">;
  /** Sees every reading as it is written, for a live view. */
  readonly onReading?: (series: SampleSeries, timeNs: number, value: number | null) => void;
}

/** A recording in progress. */
export interface Recorder {
  /** Environment that the workload needs so that `spillway mark` finds this recording. */
  readonly environment: Readonly<Record<string, string>>;
  readonly spoolPath: string;
  /** Bytes of the present spool. */
  spoolBytes(): number;
  /** Ends what is recorded so far as a run of its own, kept at `partPath`, and goes on at the usual path. */
  rotate(partPath: string, name: string): Promise<void>;
  /** What the recorder measured of itself so far. */
  state(): RecorderState;
  /** Reads everything once; the run's time 0 is when this resolves. */
  start(): Promise<void>;
  /** Tells the sources which process tree is recorded. */
  follow(pid: number): void;
  nowNs(): number;
  statuses(): SourceStatus[];
  /** Reads everything a last time and closes the spool. Resolves to whether the spool is whole. */
  finish(exit: SpoolFooter["exit"], partialReason: string | null): Promise<boolean>;
  /** Ends without a run: nothing stays behind. */
  discard(): Promise<void>;
}

/** What was read is on its way to the disk after this time, or after the tick it was read in. */
const FLUSH_NS = 5e8;
/** A killed recorder loses at most the last second. */
const SECOND_NS = 1e9;
/** Ticks come a little early or late: what is due within this time is done now. */
const SLACK_NS = 5e7;

async function openSources(
  sources: readonly Source[],
  context: SourceContext,
): Promise<SampledSource[]> {
  const open = async (source: Source): Promise<SampledSource> => {
    const base = { name: source.name, minIntervalNs: source.minIntervalNs };
    try {
      const probe = await source.probe(context);
      const readable = probe.status === "ok" || probe.status === "partial";
      return { ...base, probe, open: readable ? await source.open(context) : null };
    } catch (error) {
      const probe = {
        status: "absent" as const,
        reason: `its probe failed: ${messageOf(error)}`,
        remedy: null,
        devices: [],
      };
      return { ...base, probe, open: null };
    }
  };
  const first = await Promise.all(sources.filter((s) => s.standsInFor === undefined).map(open));
  const rest = await Promise.all(
    sources.filter((s) => s.standsInFor !== undefined).map(async (source) => {
      const better = first.find((s) => s.name === source.standsInFor && s.open !== null);
      if (better === undefined) return await open(source);
      const { name, minIntervalNs } = source;
      const probe = {
        status: "absent" as const,
        reason: `the source "${better.name}" reads the same counters here`,
        remedy: null,
        devices: [],
      };
      return { name, minIntervalNs, probe, open: null };
    }),
  );
  return [...first, ...rest].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** What the sources know of their devices: models, capacities, never serial numbers. */
function deviceFacts(sources: readonly SampledSource[]): { [source: string]: Json } {
  return Object.fromEntries(
    sources.filter((s) => s.probe.facts !== undefined).map((s) => [s.name, s.probe.facts!]),
  );
}

/** Reads marks that `spillway mark` (or a shell's echo) appended since the last look. */
function createMarkReader(path: string, nowNs: () => number, spool: SpoolWriter): () => void {
  let seen = 0;
  return () => {
    let bytes: Uint8Array;
    try {
      if (statSync(path).size === seen) return;
      bytes = readFileSync(path);
    } catch {
      return;
    }
    // A line that is still being written is read next time.
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end <= seen) return;
    const text = new TextDecoder().decode(bytes.subarray(seen, end));
    const wallNow = wallUnixNs();
    const now = nowNs();
    for (const mark of parseMarks(text)) {
      const ageNs = mark.unixNs === null ? 0 : Number(wallNow - mark.unixNs);
      // A mark from the future or from before the run means the wall clock was stepped: use its arrival.
      const timeNs = ageNs >= 0 && ageNs <= now ? now - ageNs : now;
      spool.mark({ name: mark.name, timeNs: Math.round(timeNs) });
    }
    seen = end;
  };
}

/** The spool as a target of frames that also lets a view see them. */
function observed(spool: SpoolWriter, see: RecorderOptions["onReading"]): FrameTarget {
  if (see === undefined) return spool;
  const definitions: SampleSeries[] = [];
  return {
    series: (definition) => {
      const number = spool.series(definition);
      definitions[number] = definition;
      return number;
    },
    reason: spool.reason,
    frame: (timeNs, series, values, reasons, count) => {
      spool.frame(timeNs, series, values, reasons, count);
      for (let i = 0; i < count; i++) {
        see(definitions[series[i]], timeNs, reasons[i] >= 0 ? null : values[i]);
      }
    },
  };
}

/**
 * Opens the sources and the spool of a recording.
 *
 * @throws {SpillwayError} environment error when the spool cannot be created.
 */
export async function createRecorder(options: RecorderOptions): Promise<Recorder> {
  let pid: number | null = options.attachPid ?? null;
  let sampler: Sampler | null = null;
  const nowNs = () => sampler?.nowNs() ?? 0;
  const sources = await openSources(options.sources, {
    root: options.root ?? "",
    intervalNs: options.intervalNs,
    follows: options.command.length > 0 || options.attachPid !== undefined,
    pid: () => pid,
    nowNs,
    ...(options.live === undefined ? {} : {
      live: { ...options.live, filePrefix: options.spoolPath.replace(/\.spool$/, "") },
    }),
  });
  let spool: SpoolWriter;
  const marks = marksPath(options.spoolPath);
  let startedUnixNs = wallUnixNs().toString();
  const headerOf = (name: string): SpoolHeader => ({
    format: "spillway-spool/1",
    toolVersion: options.toolVersion,
    recorder: ownIdentity(),
    name,
    command: options.command,
    workingDirectory: workingDirectory(),
    startedUnixNs,
    intervalNs: options.intervalNs,
    fingerprint: { ...options.fingerprint, devices: deviceFacts(sources) },
  });
  try {
    spool = createSpool(options.spoolPath, headerOf(options.name));
    writeFileSync(marks, "", { mode: 0o600 });
  } catch (error) {
    for (const source of sources) await source.open?.close();
    throw environmentError(
      `${options.spoolPath}: the spool cannot be created: ${messageOf(error)}`,
      "recordings are written beside the store: choose another place with --store",
    );
  }
  const active = createSampler(
    sources,
    observed(spool, options.onReading),
    options.intervalNs,
    () => keepSafe(),
  );
  sampler = active;
  const readMarks = createMarkReader(marks, nowNs, spool);
  const cpuAtStart = ownUsage().cpuSeconds;
  let peakRssBytes = 0;
  // Of a rotated recording each part says what it took itself.
  let part = { offsetNs: 0, cpuSeconds: cpuAtStart, ticks: 0, missedTicks: 0 };
  const recorderState = (): RecorderState => {
    const usage = ownUsage();
    peakRssBytes = Math.max(peakRssBytes, usage.rssBytes);
    const cpuSeconds = Number((usage.cpuSeconds - part.cpuSeconds).toFixed(6));
    const statistics = active.statistics();
    return {
      ...statistics,
      ticks: statistics.ticks - part.ticks,
      missedTicks: statistics.missedTicks - part.missedTicks,
      cpuSeconds,
      peakRssBytes,
    };
  };
  const partStatuses = () =>
    active.statuses().map((status) => ({
      ...status,
      sinceNs: status.sinceNs === null ? null : Math.max(0, status.sinceNs - part.offsetNs),
    }));
  const writeState = () =>
    spool.state({
      timeNs: nowNs() - part.offsetNs,
      startedUnixNs,
      recorder: recorderState(),
      sources: partStatuses(),
    });
  let flushedNs = 0;
  let stateNs = 0;
  /** Marks and what was read go to the disk, now and then with how the recorder fares. */
  const keepSafe = () => {
    const now = nowNs();
    if (now - flushedNs < FLUSH_NS - SLACK_NS) return;
    flushedNs = now;
    readMarks();
    if (now - stateNs >= SECOND_NS - SLACK_NS) {
      stateNs = now;
      writeState();
    }
    spool.flush();
  };
  let timer: ReturnType<typeof setInterval> | null = null;

  return {
    environment: { [MARKS_VARIABLE]: marks },
    spoolPath: options.spoolPath,
    spoolBytes: () => spool.size(),
    state: recorderState,
    rotate: async (partPath, name) => {
      // Both parts hold this reading, so that what was counted between is in one of them.
      await active.readNow();
      const atNs = nowNs();
      const footer: SpoolFooter = {
        durationNs: atNs - part.offsetNs,
        exit: { code: null, signal: null },
        recorder: recorderState(),
        sources: partStatuses(),
        partialReason: spool.problem(),
      };
      const { ticks, missedTicks } = active.statistics();
      part = { offsetNs: atNs, cpuSeconds: ownUsage().cpuSeconds, ticks, missedTicks };
      startedUnixNs = wallUnixNs().toString();
      renameSync(options.spoolPath, partPath);
      const closed = spool.rotate(options.spoolPath, headerOf(name), atNs, footer);
      await active.readNow();
      await closed;
      writeState();
    },
    nowNs,
    follow: (root) => pid = root,
    statuses: active.statuses,
    start: async () => {
      await active.start();
      startedUnixNs = wallUnixNs().toString();
      writeState();
      spool.flush();
      // Ticks do it where they come at least once a second.
      if (options.intervalNs > SECOND_NS) timer = setInterval(keepSafe, SECOND_NS / 1e6);
    },
    finish: async (exit, partialReason) => {
      const durationNs = nowNs() - part.offsetNs;
      await active.stop();
      if (timer !== null) clearInterval(timer);
      readMarks();
      writeState();
      const diskReason = spool.problem();
      const whole = await spool.close({
        durationNs,
        exit,
        recorder: recorderState(),
        sources: partStatuses(),
        partialReason: partialReason ?? diskReason,
      });
      rmSync(marks, { force: true });
      return whole;
    },
    discard: async () => {
      await active.stop();
      if (timer !== null) clearInterval(timer);
      await spool.close({
        durationNs: 0,
        exit: { code: null, signal: null },
        recorder: recorderState(),
        sources: [],
        partialReason: "discarded",
      });
      rmSync(marks, { force: true });
      rmSync(options.spoolPath, { force: true });
    },
  };
}
