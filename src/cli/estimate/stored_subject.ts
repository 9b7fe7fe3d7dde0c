import { dataError, usageError } from "../../model/errors.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { openStore } from "../../store/open.ts";
import type { Store } from "../../store/store.ts";
import { type EnergyBetween, energyByCounter } from "../../estimate/formulas/counter_series.ts";
import { trapezoidEnergy } from "../../estimate/formulas/energy.ts";
import { runInWindow } from "../window.ts";
import type { WindowOptions } from "../window_options.ts";
import { type Subject, subjectOfReplay, subjectOfRun } from "./subject.ts";

/** Samples further apart than this many intervals are a gap that is not bridged. */
const GAP_INTERVALS = 5;

/** The replay that says what a trace of a kind used. */
const REPLAYED_BY: Readonly<Record<string, string>> = {
  requests: "offload",
  allocations: "allocator",
  faults: "fault",
  tensors: "training",
  io: "loader",
};

type Stored = Awaited<ReturnType<Store["samples"]>>[number];

/** Which counters of energy stand for a part of a run: RAPL's subzones are inside its packages. */
function isEnergy({ series }: Stored): boolean {
  if (series.type !== "counter" || !/energy/.test(series.field) || series.unit !== "joules") {
    return false;
  }
  return series.source !== "rapl" || /^(package|dram)/.test(series.device);
}

/**
 * Energy of any part of a run's window by its energy counters, and by power samples of devices that have no
 * counter. Times are Unix seconds. Null when the run has neither.
 */
async function energyOf(
  store: Store,
  id: string,
  intervalNs: number,
  startSeconds: number,
): Promise<EnergyBetween | null> {
  const all = await store.samples(id);
  const counters = all.filter((s) => isEnergy(s) && s.value.length >= 2);
  const counted = new Set(counters.map((s) => `${s.series.source} ${s.series.device}`));
  const gauges = all.filter((s) =>
    s.series.type === "gauge" &&
    (s.series.unit === "watts" || s.series.field === "power_watts") &&
    !counted.has(`${s.series.source} ${s.series.device}`)
  );
  if (counters.length + gauges.length === 0) return null;
  const seconds = (s: Stored) => Float64Array.from(s.timeNs, (ns) => startSeconds + ns / 1e9);
  const byCounter = counters.map((s) => energyByCounter(seconds(s), s.value));
  const lines = gauges.map((s) => ({ seconds: seconds(s), watts: s.value }));
  const maxGapSeconds = Math.max(1, GAP_INTERVALS * intervalNs / 1e9);
  return (from, to) =>
    byCounter.reduce((sum, between) => sum + between(from, to), 0) +
    lines.reduce((sum, samples) => {
      const window = { startSeconds: from, endSeconds: to };
      return sum + (trapezoidEnergy(samples, { maxGapSeconds, window }).joules ?? 0);
    }, 0);
}

/**
 * A run or a replay of the store.
 *
 * @throws data error when there is none of that id or name, or when it is neither.
 */
export async function subjectOfStore(
  idOrName: string,
  path: string,
  options: WindowOptions = {},
): Promise<Subject> {
  const store = await openStore(path, { mode: "read" });
  try {
    const entry = await store.find(idOrName);
    if (entry.kind !== "run" && (options.window ?? options.between) !== undefined) {
      throw usageError(`--window and --between take parts of runs; ${entry.id} is a ${entry.kind}`);
    }
    if (entry.kind === "replay") {
      const { id, name, document } = await store.document("replay", entry.id);
      return subjectOfReplay(document, id, name);
    }
    if (entry.kind === "run") {
      const { id, record, window } = await runInWindow(store, entry.id, options);
      const subject = subjectOfRun(record, id);
      const startSeconds = subject.window!.startSeconds - (window?.fromNs ?? 0) / 1e9;
      const energy = await energyOf(store, id, record.intervalNs, startSeconds);
      return { ...subject, energyBetween: () => Promise.resolve(energy) };
    }
    if (entry.kind === "trace") {
      const trace = await store.trace(entry.id);
      if (trace.kind === "samples") {
        const { subjectOfSamples } = await import("./sampled_subject.ts");
        return await subjectOfSamples(trace as Trace<"samples">, entry.id);
      }
      throw dataError(
        `estimate: "${idOrName}" is a trace of ${trace.kind}, which says what was asked for, not what ` +
          "it used; expected a run, a replay or a trace of samples",
        `replay it and estimate that: spillway replay ${REPLAYED_BY[trace.kind] ?? "offload"} ` +
          `${idOrName} --save NAME`,
      );
    }
    throw dataError(
      `estimate: "${idOrName}" is ${
        /^[aeiou]/.test(entry.kind) ? "an" : "a"
      } ${entry.kind}, expected a run, a replay or a trace of samples`,
      '"spillway ls" shows what the store holds',
    );
  } finally {
    await store.close();
  }
}
