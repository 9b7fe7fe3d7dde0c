import type { SourceStatus } from "../model/results.ts";
import type { SampleSeries } from "../model/trace/samples.ts";
import { messageOf } from "../model/errors.ts";
import { monotonicNs } from "../runtime/clock.ts";
import { createLateness } from "./lateness.ts";
import type { OpenSource, SampleSink, SourceProbe } from "./source.ts";

/** Where readings go: the spool in a recording, an array in a test. */
export interface FrameTarget {
  series(definition: SampleSeries): number;
  reason(text: string): number;
  frame(
    timeNs: number,
    series: readonly number[],
    values: readonly number[],
    reasons: readonly number[],
    count: number,
  ): void;
}

/** A source that answered its probe; `open` is null when it cannot be read here. */
export interface SampledSource {
  readonly name: string;
  readonly minIntervalNs: number;
  readonly probe: SourceProbe;
  readonly open: OpenSource | null;
}

export interface TickStatistics {
  readonly ticks: number;
  readonly missedTicks: number;
  readonly latenessP50Ns: number;
  readonly latenessP99Ns: number;
}

/** Samples sources on an absolute schedule: tick k is due at k times the interval, however late k-1 was. */
export interface Sampler {
  /**
   * Reads every source once and starts the schedule. Time 0 of the run is when the slow ones have answered:
   * those with the recorder's own cadence are read after it, each under its own time. Read before, their
   * counters would grow through the wait, in an interval whose length leaves the wait out.
   */
  start(): Promise<void>;
  /** Nanoseconds since time 0 by the monotonic clock; 0 before it. */
  nowNs(): number;
  /** Reads every source that is not busy now, beside the schedule. */
  readNow(): Promise<void>;
  /** Ends the schedule and reads every source a last time. */
  stop(): Promise<void>;
  statistics(): TickStatistics;
  statuses(): SourceStatus[];
}

interface Slot {
  readonly source: SampledSource;
  readonly open: OpenSource;
  readonly every: number;
  readonly sink: SampleSink & { begin(timeNs: number): void; commit(): void };
  busy: Promise<void> | null;
  samples: number;
  failure: string | null;
  sinceNs: number | null;
}

/** Seconds a slow source (a drive's health log, a tool) gets for its last reading. */
const LAST_READING_MS = 5000;

function createSink(target: FrameTarget, counted: () => void) {
  const series: number[] = [];
  const values: number[] = [];
  const reasons: number[] = [];
  let count = 0;
  let time = 0;
  const commit = () => {
    if (count > 0) {
      target.frame(time, series, values, reasons, count);
      counted();
    }
    count = 0;
  };
  return {
    series: (definition: SampleSeries) => target.series(definition),
    push: (id: number, value: number | null, reason?: string) => {
      series[count] = id;
      if (value === null || !Number.isFinite(value)) {
        values[count] = NaN;
        reasons[count] = target.reason(reason ?? "not reported");
      } else {
        values[count] = value;
        reasons[count] = -1;
      }
      count++;
    },
    at: (timeNs: number) => {
      commit();
      time = timeNs;
    },
    begin: (timeNs: number) => {
      count = 0;
      time = timeNs;
    },
    commit,
  };
}

/** Resolves with the promise or after the time, whichever comes first. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}

/**
 * Makes a sampler that reads every source at least every `intervalNs`, or as often as it allows. `afterTick`
 * runs in the same wake-up as a tick's readings: a wake-up of its own costs as much as most sources.
 */
export function createSampler(
  sources: readonly SampledSource[],
  target: FrameTarget,
  intervalNs: number,
  afterTick: () => void = () => {},
): Sampler {
  const lateness = createLateness();
  let ticks = 0;
  let missed = 0;
  let next = 1;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let stopped = false;
  let startNs: number | null = null;
  let opening = true;
  const nowNs = () => startNs === null ? 0 : Math.round(monotonicNs() - startNs);

  const slots: Slot[] = [];
  for (const source of sources) {
    if (source.open === null) continue;
    const slot: Slot = {
      source,
      open: source.open,
      every: Math.max(1, Math.ceil(source.minIntervalNs / intervalNs)),
      sink: createSink(target, () => slot.samples++),
      busy: null,
      samples: 0,
      failure: null,
      sinceNs: null,
    };
    slots.push(slot);
  }

  const note = (slot: Slot, failure: string | null) => {
    if (failure === null || slot.failure !== null) return;
    slot.failure = failure;
    // A source that fails at its first reading gave nothing from the start.
    slot.sinceNs = opening ? 0 : nowNs();
  };

  const read = (slot: Slot): void => {
    // A slow source never holds up the others: while it reads, its ticks pass.
    if (slot.busy !== null) return;
    slot.sink.begin(nowNs());
    try {
      const pending = slot.open.sample(slot.sink);
      if (pending === undefined) {
        slot.sink.commit();
        note(slot, slot.open.failure());
        return;
      }
      slot.busy = pending.then(
        () => {
          slot.sink.commit();
          note(slot, slot.open.failure());
        },
        (error) => note(slot, messageOf(error)),
      ).finally(() => slot.busy = null);
    } catch (error) {
      note(slot, messageOf(error));
    }
  };

  const schedule = () => {
    const waitMs = (next * intervalNs - nowNs()) / 1e6;
    timer = setTimeout(tick, Math.max(0, Math.round(waitMs)));
  };

  const tick = () => {
    if (stopped) return;
    const late = nowNs() - next * intervalNs;
    // Timers count whole milliseconds and may fire a little early; more than half a tick early waits.
    if (late < -Math.min(500_000, intervalNs / 2)) {
      schedule();
      return;
    }
    lateness.add(late);
    ticks++;
    for (const slot of slots) if (next % slot.every === 0) read(slot);
    afterTick();
    const passed = Math.floor(nowNs() / intervalNs);
    const following = Math.max(next + 1, passed + 1);
    missed += following - next - 1;
    next = following;
    schedule();
  };

  return {
    start: async () => {
      const slow = slots.filter((slot) => slot.source.minIntervalNs > 0);
      for (const slot of slow) read(slot);
      await Promise.all(slow.map((slot) => slot.busy));
      startNs = monotonicNs();
      for (const slot of slots) if (!slow.includes(slot)) read(slot);
      await Promise.all(slots.map((slot) => slot.busy));
      opening = false;
      next = Math.floor(nowNs() / intervalNs) + 1;
      schedule();
    },
    readNow: async () => {
      for (const slot of slots) read(slot);
      await within(Promise.all(slots.map((slot) => slot.busy)), LAST_READING_MS);
    },
    stop: async () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      const last = async () => {
        await Promise.all(slots.map((slot) => slot.busy));
        for (const slot of slots) read(slot);
        await Promise.all(slots.map((slot) => slot.busy));
      };
      await within(last(), LAST_READING_MS);
      for (const slot of slots) {
        if (slot.busy !== null) note(slot, "its last reading did not come in time");
      }
      await within(Promise.allSettled(slots.map((slot) => slot.open.close())), 2000);
    },
    nowNs,
    statistics: () => ({
      ticks,
      missedTicks: missed,
      latenessP50Ns: Math.round(lateness.quantile(0.5)),
      latenessP99Ns: Math.round(lateness.quantile(0.99)),
    }),
    statuses: () =>
      sources.map((source) => {
        const slot = slots.find((s) => s.source === source);
        const failed = slot?.failure ?? null;
        return {
          name: source.name,
          status: failed === null ? source.probe.status : "partial",
          reason: failed ?? source.probe.reason,
          remedy: source.probe.remedy,
          samples: slot?.samples ?? 0,
          sinceNs: slot?.sinceNs ?? null,
        };
      }),
  };
}
