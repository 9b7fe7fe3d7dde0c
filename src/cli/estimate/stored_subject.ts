import { dataError, usageError } from "../../model/errors.ts";
import { openStore } from "../../store/open.ts";
import type { Store } from "../../store/store.ts";
import { trapezoidEnergy } from "../../estimate/formulas/energy.ts";
import { runInWindow } from "../window.ts";
import type { WindowOptions } from "../window_options.ts";
import { type Subject, subjectOfReplay, subjectOfRun } from "./subject.ts";

/** Samples further apart than this many intervals are a gap that is not bridged. */
const GAP_INTERVALS = 5;

/**
 * Power of a run from its stored samples: energy of any part of its wall-clock window. Null when the
 * run has no power samples.
 */
async function powerOf(
  store: Store,
  id: string,
  intervalNs: number,
  startSeconds: number,
): Promise<((from: number, to: number) => number) | null> {
  const series = (await store.samples(id)).filter((s) =>
    s.series.type === "gauge" && (s.series.unit === "watts" || s.series.field === "power_watts")
  );
  if (series.length === 0) return null;
  const lines = series.map((s) => ({
    seconds: Float64Array.from(s.timeNs, (ns) => startSeconds + ns / 1e9),
    watts: s.value,
  }));
  const maxGapSeconds = Math.max(1, GAP_INTERVALS * intervalNs / 1e9);
  return (from, to) =>
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
      const energy = await powerOf(store, id, record.intervalNs, startSeconds);
      return { ...subject, energyBetween: () => Promise.resolve(energy) };
    }
    throw dataError(
      `estimate: "${idOrName}" is ${
        /^[aeiou]/.test(entry.kind) ? "an" : "a"
      } ${entry.kind}, expected a run or a replay`,
      '"spillway ls" shows what the store holds',
    );
  } finally {
    await store.close();
  }
}
