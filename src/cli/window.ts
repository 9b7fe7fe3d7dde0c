import { analyzeRun } from "../analyze/analyze_run.ts";
import { usageError } from "../model/errors.ts";
import type { RunRecord } from "../model/results.ts";
import type { SampleColumns, SampleSeries } from "../model/trace/samples.ts";
import { formatSeconds, parseNanoseconds } from "../model/units.ts";
import type { Store } from "../store/store.ts";
import type { WindowOptions } from "./window_options.ts";
import { measuredCeilings, usageFacts } from "./record/run_facts.ts";

/** A part of a run, nanoseconds from its start. */
export interface RunWindow {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Whether a time lies in the part, ends included; the whole run is null. */
export function isInWindow(window: RunWindow | null, timeNs: number): boolean {
  return window === null || (timeNs >= window.fromNs && timeNs <= window.toNs);
}

/**
 * The part that is asked for; null for the whole run.
 *
 * @throws usage error for a window that is none, lies outside the run, or names a mark it does not have.
 */
export function windowOf(options: WindowOptions, run: RunRecord): RunWindow | null {
  const { window, between } = options;
  if (window !== undefined && between !== undefined) {
    throw usageError("--window and --between exclude each other");
  }
  if (between !== undefined) return betweenMarks(between, run);
  if (window === undefined) return null;
  const match = /^([^.]*|\d*\.\d+[a-z]+)\.\.(.*)$/.exec(window.trim());
  if (match === null || (match[1] === "" && match[2] === "")) {
    throw usageError(`--window: "${window}" is no window`, "write 10m..110m, 30s.. or ..1h");
  }
  const fromNs = match[1] === "" ? 0 : parseNanoseconds(match[1], "--window");
  const toNs = match[2] === ""
    ? run.durationNs
    : Math.min(run.durationNs, parseNanoseconds(match[2], "--window"));
  if (fromNs >= toNs) {
    throw usageError(
      `--window: nothing of the run lies in ${window}: it is ` +
        `${formatSeconds(run.durationNs / 1e9)} long`,
    );
  }
  return { fromNs, toNs };
}

function betweenMarks(text: string, run: RunRecord): RunWindow {
  const names = text.split(",").map((name) => name.trim());
  if (names.length !== 2 || names.some((name) => name === "")) {
    throw usageError(`--between: "${text}" is no pair of marks`, "write --between warm,done");
  }
  const all = [...new Set(run.marks.map((m) => m.name))];
  const timeOf = (name: string, after: number): number => {
    // The same mark may be set in every step: the first one that fits is meant.
    const mark = run.marks.find((m) => m.name === name && m.timeNs > after);
    if (mark !== undefined) return mark.timeNs;
    throw usageError(
      all.includes(name)
        ? `--between: the mark "${name}" does not come after "${names[0]}"`
        : `--between: the run has no mark "${name}"`,
      all.length === 0 ? '"spillway mark NAME" sets marks' : `its marks are ${all.join(", ")}`,
    );
  };
  const fromNs = timeOf(names[0], -1);
  return { fromNs, toNs: timeOf(names[1], fromNs) };
}

type Line = Awaited<ReturnType<Store["samples"]>>[number];

/** The line within the window. A counter's reading before it stays as its value at the beginning. */
function cut({ series, timeNs, value }: Line, { fromNs, toNs }: RunWindow): Line {
  let from = timeNs.findIndex((t) => t >= fromNs);
  if (from < 0) from = timeNs.length;
  let to = from;
  while (to < timeNs.length && timeNs[to] <= toNs) to++;
  if (
    series.type === "counter" && from > 0 && timeNs[from] !== fromNs &&
    !Number.isNaN(value[from - 1])
  ) {
    const start = interpolate(timeNs, value, from, fromNs);
    const times = new Float64Array(to - from + 1);
    const values = new Float64Array(to - from + 1);
    times[0] = fromNs;
    values[0] = start;
    times.set(timeNs.subarray(from, to), 1);
    values.set(value.subarray(from, to), 1);
    return { series, timeNs: times, value: values };
  }
  return { series, timeNs: timeNs.subarray(from, to), value: value.subarray(from, to) };
}

/** The counter at a time between two readings; what it counted between is taken as even. */
function interpolate(timeNs: Float64Array, value: Float64Array, next: number, at: number): number {
  const before = value[next - 1];
  const after = value[next];
  if (next >= timeNs.length || Number.isNaN(after) || after < before) return before;
  return before + (after - before) * (at - timeNs[next - 1]) / (timeNs[next] - timeNs[next - 1]);
}

async function* batchesOf(lines: readonly Line[]): AsyncGenerator<SampleColumns> {
  for (let i = 0; i < lines.length; i++) {
    const { timeNs, value } = lines[i];
    yield await Promise.resolve({
      kind: "samples",
      count: timeNs.length,
      timeNs,
      value,
      series: new Uint32Array(timeNs.length).fill(i),
      reason: new Int32Array(timeNs.length).fill(0),
    });
  }
}

/** A run as if only a part of it had been recorded: metrics, ledger, usage and stalls are computed anew. */
export async function windowedRun(
  store: Store,
  id: string,
  run: RunRecord,
  window: RunWindow,
): Promise<{ record: RunRecord; lines: Line[] }> {
  const { fromNs, toNs } = window;
  const lines = (await store.samples(id)).map((line) => cut(line, window));
  const series: readonly SampleSeries[] = lines.map((line) => line.series);
  const analysis = await analyzeRun(
    { series, reasons: ["not read in this part of the run"], batches: () => batchesOf(lines) },
    {
      fromNs,
      toNs,
      intervalNs: run.intervalNs,
      sources: run.sources,
      recorder: run.recorder,
      usage: usageFacts(run.fingerprint),
      ceilings: measuredCeilings(run.fingerprint),
    },
  );
  const { ledger, metrics, usage, stalls } = analysis;
  // What the recorder cost is known of the whole run only.
  const recorder = Object.fromEntries(
    Object.entries(run.metrics).filter(([name]) => name.startsWith("recorder_")),
  );
  return {
    record: {
      ...run,
      startedUnixNs: (BigInt(run.startedUnixNs) + BigInt(Math.round(fromNs))).toString(),
      durationNs: toNs - fromNs,
      marks: run.marks.filter((m) => m.timeNs >= fromNs && m.timeNs <= toNs)
        .map((m) => ({ ...m, timeNs: m.timeNs - fromNs })),
      sources: run.sources,
      ledger,
      metrics: { ...metrics, ...recorder },
      usage,
      ...(stalls === undefined ? {} : { stalls }),
    },
    lines: lines.map(({ series: one, timeNs, value }) => ({
      series: one,
      timeNs: timeNs.map((t) => t - fromNs),
      value,
    })),
  };
}

/** A run of the store, the part that is asked for. */
export async function runInWindow(
  store: Store,
  id: string,
  options: WindowOptions,
): Promise<{ id: string; record: RunRecord; lines: Line[] | null; window: RunWindow | null }> {
  const { id: found, record } = await store.run(id);
  const window = windowOf(options, record);
  if (window === null) return { id: found, record, lines: null, window };
  return { id: found, window, ...await windowedRun(store, found, record, window) };
}
