import type { Recovery } from "./plan.ts";
import type { Schedule } from "./schedule.ts";

/** A stretch of training without interruption. State: segments done and useful seconds of the next. */
interface Epoch {
  start: number;
  end: number;
  readonly segment: number;
  readonly done: number;
  endSegment: number;
  endDone: number;
  rate: number;
}

export interface HistoryTotals {
  readonly usefulSeconds: number;
  readonly blockSeconds: number;
  readonly capacityLossSeconds: number;
  readonly remoteSaves: number;
  readonly memorySaves: number;
}

/**
 * The training that still counts, as a stack of epochs. A rollback takes epochs off the stack and says how
 * many wall seconds of training that were; what remains at the end is useful time and blocks.
 */
export interface History {
  /** Starts an epoch at the current state. */
  open(start: number, rate: number): void;
  /** Ends the open epoch at a wall time (not before its start). */
  close(at: number): void;
  /** Moves the start of an open epoch that has not trained yet. */
  shift(start: number): void;
  setRate(rate: number): void;
  rate(): number;
  /** When the job would end without another event. */
  endWall(): number;
  /** Useful seconds of the current state. */
  work(): number;
  /** Newest remote save that is durable at a wall time and was taken no later than `onset`. */
  remoteDurable(at: number, onset: number): number;
  /** Rolls back; returns the wall seconds of training that are lost. */
  rollBack(recovery: Recovery, at: number): number;
  totals(): HistoryTotals;
}

export function createHistory(schedule: Schedule): History {
  const { spec, job } = schedule;
  const stack: Epoch[] = [];
  let open: Epoch | null = null;
  let segment = 0;
  let done = 0;
  /** Remote saves up to this segment are known to be durable. */
  let known = 0;
  let remoteSaves = 0;
  let memorySaves = 0;

  const wallOf = (e: Epoch, m: number): number =>
    e.start + schedule.wallOf(e.segment, e.done, e.rate, m - e.segment);

  const close = (at: number): void => {
    if (open === null) return;
    const e = open;
    open = null;
    e.end = Math.max(at, e.start);
    if (e.rate === 0 || e.end === e.start) {
      e.end = e.start;
      return;
    }
    const j = schedule.segmentsWithin(e.segment, e.done, e.rate, e.end - e.start);
    e.endSegment = e.segment + j;
    const rest = e.end - wallOf(e, e.endSegment);
    const room = schedule.workOf(Math.min(schedule.segments, e.endSegment + 1)) -
      schedule.workOf(e.endSegment);
    e.endDone = Math.min(room, Math.max(0, (j === 0 ? e.done : 0) + rest * e.rate));
    remoteSaves += schedule.remoteSaves(e.endSegment) - schedule.remoteSaves(e.segment);
    memorySaves += j;
    stack.push(e);
    segment = e.endSegment;
    done = e.endDone;
  };

  /** Newest remote save of an epoch that ended by a wall time; below its start when there is none. */
  const savedBy = (e: Epoch, end: number, wall: number): number => {
    const span = Math.min(wall, end) - e.start;
    if (span < 0 || e.rate === 0) return -1;
    return schedule.remoteAtOrBefore(
      e.segment + schedule.segmentsWithin(e.segment, e.done, e.rate, span),
    );
  };

  const remoteDurable = (at: number, onset: number): number => {
    const tainted = onset !== Infinity;
    const last = open === null ? stack.length - 1 : stack.length;
    for (let i = last; i >= 0; i--) {
      const e = i === stack.length ? open! : stack[i];
      const end = i === stack.length ? at : e.end;
      if (!tainted && i < last && e.endSegment <= known) break;
      const durable = savedBy(e, end, at - spec.persistSeconds);
      const candidate = tainted
        ? Math.min(Math.max(durable, known), savedBy(e, end, onset))
        : durable;
      if (candidate > e.segment) return tainted ? candidate : Math.max(candidate, known);
    }
    return tainted ? 0 : known;
  };

  /** Newest segment end in memory no later than `onset`. */
  const memoryAt = (onset: number): number => {
    if (onset === Infinity) return segment;
    for (let i = stack.length - 1; i >= 0; i--) {
      const e = stack[i];
      if (e.start > onset) continue;
      const m = e.segment +
        schedule.segmentsWithin(e.segment, e.done, e.rate, Math.min(onset, e.end) - e.start);
      return Math.min(m, e.endSegment);
    }
    return 0;
  };

  const cutTo = (m: number, q: number): number => {
    let lost = 0;
    for (;;) {
      const e = stack.at(-1);
      if (e === undefined) break;
      if (e.segment > m || (e.segment === m && e.done >= q)) {
        lost += e.end - e.start;
        stack.pop();
        continue;
      }
      const from = wallOf(e, m) + (q - (e.segment === m ? e.done : 0)) / e.rate;
      const cut = Math.min(e.end, from);
      lost += e.end - cut;
      e.end = cut;
      e.endSegment = m;
      e.endDone = q;
      break;
    }
    segment = m;
    done = q;
    known = Math.min(known, m);
    return lost;
  };

  return {
    open: (start, rate) => {
      open = { start, end: start, segment, done, endSegment: segment, endDone: done, rate };
    },
    close,
    shift: (start) => {
      if (open !== null) open.start = start;
    },
    setRate: (rate) => {
      if (open !== null) open.rate = rate;
    },
    rate: () => open?.rate ?? 0,
    endWall: () => open === null ? Infinity : wallOf(open, schedule.segments),
    work: () => schedule.workOf(segment) + done,
    remoteDurable,
    rollBack(recovery, at) {
      const onset = recovery.onset ?? Infinity;
      if (recovery.restore === "none" && onset === Infinity) return 0;
      if (recovery.restore === "iteration" && onset === Infinity) {
        const step = job.iterationSeconds;
        const q = step > 0 ? Math.floor(done / step + 1e-9) * step : done;
        return cutTo(segment, Math.min(done, q));
      }
      if (recovery.restore === "remote") {
        const target = remoteDurable(at, onset);
        const lost = cutTo(target, 0);
        known = target;
        return lost;
      }
      return cutTo(memoryAt(onset), 0);
    },
    totals() {
      let usefulSeconds = 0;
      let capacityLossSeconds = 0;
      let wall = 0;
      for (const e of stack) {
        const work = schedule.workOf(e.endSegment) + e.endDone - schedule.workOf(e.segment) -
          e.done;
        usefulSeconds += work / e.rate;
        capacityLossSeconds += work / e.rate - work;
        wall += e.end - e.start;
      }
      // At full rate the useful time is the work itself: no sum of roundings.
      if (capacityLossSeconds === 0) usefulSeconds = schedule.workOf(segment) + done;
      let blockSeconds = wall - usefulSeconds;
      // Differences of sums round: what is below a billionth of the whole is no block.
      if (Math.abs(blockSeconds) <= 1e-9 * wall) {
        blockSeconds = 0;
        if (capacityLossSeconds > 0) usefulSeconds = wall;
      }
      return {
        usefulSeconds,
        blockSeconds,
        capacityLossSeconds,
        remoteSaves,
        memorySaves,
      };
    },
  };
}
