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
  /** Seconds of the save in progress that were done before the epoch began. */
  readonly blocked: number;
  /** Wall time until which an earlier save is on its way to remote storage: the next waits for it. */
  readonly pendingUntil: number;
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
  /** Starts an epoch at the current state; a save that was cut short begins again. */
  open(start: number, rate: number): void;
  /** Closes the open epoch and goes on at another rate: a save in progress goes on too. */
  continueAt(at: number, rate: number): void;
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
  /** Stretches of training that still count, with the share of each that is training and not saves. */
  stretches(): readonly { start: number; end: number; usefulShare: number }[];
}

/**
 * @param onLost Told every stretch of wall time whose training is rolled back.
 */
export function createHistory(
  schedule: Schedule,
  onLost: (start: number, end: number) => void = () => {},
): History {
  const { spec } = schedule;
  const stack: Epoch[] = [];
  let open: Epoch | null = null;
  let segment = 0;
  let done = 0;
  /** Remote saves up to this segment are known to be durable. */
  let known = 0;
  let remoteSaves = 0;
  let memorySaves = 0;

  /** Seconds for which an earlier save is on its way, from where the save in progress began. */
  const pendingOf = (e: Epoch): number => Math.max(0, e.pendingUntil - e.start + e.blocked);
  const wallOf = (e: Epoch, m: number): number =>
    e.start + schedule.wallOf(e.segment, e.done, e.rate, m - e.segment, pendingOf(e)) -
    (m > e.segment ? e.blocked : 0);
  const segmentsBy = (e: Epoch, span: number): number => {
    // A span is the difference of two wall times: it carries their rounding, however short it is.
    const rounding = 4 * Number.EPSILON * (e.start + span);
    const wall = span + rounding + e.blocked;
    return schedule.segmentsWithin(e.segment, e.done, e.rate, wall, pendingOf(e));
  };
  /** When the newest remote save that still counts is durable; -Infinity when nothing is on its way. */
  const pendingUntil = (): number => {
    const save = schedule.remoteAtOrBefore(segment);
    if (spec.persistSeconds === 0 || save === 0) return -Infinity;
    for (let i = stack.length - 1; i >= 0; i--) {
      if (stack[i].segment < save) return wallOf(stack[i], save) + spec.persistSeconds;
    }
    return -Infinity;
  };
  /** Of `elapsed` seconds since the training of a segment ended, those that its save was blocking. */
  const blockedBy = (e: Epoch, elapsed: number, trained: number): number => {
    if (elapsed <= 0 || spec.persistSeconds === 0 || e.endSegment >= schedule.segments) {
      return Math.max(0, elapsed);
    }
    const { memory, remote } = schedule.blocksOf(e.endSegment + 1);
    const first = e.endSegment === e.segment ? e.blocked : 0;
    const gap = wallOf(e, e.endSegment + 1) - wallOf(e, e.endSegment) - trained + first;
    const wait = Math.max(0, gap - memory - remote);
    return Math.min(elapsed, memory) + Math.max(0, elapsed - memory - wait);
  };
  /** Seconds of a save in progress when the newest epoch was closed. */
  let blocked = 0;

  const close = (at: number): void => {
    if (open === null) return;
    const e = open;
    open = null;
    e.end = Math.max(at, e.start);
    // No time passed: nothing ended, unless all that was left is a save that blocks for no time.
    if (e.rate === 0 || at < e.start || (e.end === e.start && segmentsBy(e, 0) === 0)) {
      e.end = e.start;
      blocked = e.blocked;
      return;
    }
    const j = segmentsBy(e, e.end - e.start);
    e.endSegment = e.segment + j;
    const rest = e.end - wallOf(e, e.endSegment);
    const room = schedule.workOf(Math.min(schedule.segments, e.endSegment + 1)) -
      schedule.workOf(e.endSegment);
    const before = j === 0 ? e.done : 0;
    e.endDone = Math.min(room, Math.max(0, before + rest * e.rate));
    const trained = (room - before) / e.rate;
    blocked = blockedBy(e, Math.max(0, rest - trained) + (j === 0 ? e.blocked : 0), trained);
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
    return schedule.remoteAtOrBefore(e.segment + segmentsBy(e, span));
  };

  const remoteDurable = (at: number, onset: number): number => {
    const tainted = onset !== Infinity;
    const last = open === null ? stack.length - 1 : stack.length;
    for (let i = last; i >= 0; i--) {
      const e = i === stack.length ? open! : stack[i];
      const isOpen = i === stack.length;
      if (!tainted && i < last && e.endSegment <= known) break;
      // Most stretches between failures hold no remote save at all.
      if (!isOpen && schedule.remoteAtOrBefore(e.endSegment) <= e.segment) continue;
      const end = isOpen ? at : e.end;
      const durable = savedBy(e, end, at - spec.persistSeconds);
      const candidate = tainted
        ? Math.min(Math.max(durable, known), savedBy(e, end, onset))
        : durable;
      if (candidate <= e.segment) continue;
      if (tainted) return candidate;
      // What is durable stays so until it is rolled back.
      known = Math.max(candidate, known);
      return known;
    }
    return tainted ? 0 : known;
  };

  /** Newest segment end in memory no later than `onset`. */
  const memoryAt = (onset: number): number => {
    if (onset === Infinity) return segment;
    for (let i = stack.length - 1; i >= 0; i--) {
      const e = stack[i];
      if (e.start > onset) continue;
      const m = e.segment + segmentsBy(e, Math.min(onset, e.end) - e.start);
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
        onLost(e.start, e.end);
        stack.pop();
        continue;
      }
      const from = wallOf(e, m) + (q - (e.segment === m ? e.done : 0)) / e.rate;
      const cut = Math.min(e.end, from);
      lost += e.end - cut;
      if (e.end > cut) onLost(cut, e.end);
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

  const start = (at: number, rate: number, blocked: number): void => {
    open = {
      start: at,
      end: at,
      segment,
      done,
      endSegment: segment,
      endDone: done,
      rate,
      blocked,
      pendingUntil: pendingUntil(),
    };
  };
  return {
    open: (at, rate) => start(at, rate, 0),
    continueAt(at, rate) {
      blocked = 0;
      close(at);
      start(at, rate, blocked);
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
        return cutTo(segment, schedule.iterationStart(segment, done));
      }
      if (recovery.restore === "remote") {
        const target = remoteDurable(at, onset);
        const lost = cutTo(target, 0);
        known = target;
        return lost;
      }
      return cutTo(memoryAt(onset), 0);
    },
    stretches: () =>
      stack.map((e) => {
        const work = schedule.workOf(e.endSegment) + e.endDone - schedule.workOf(e.segment) -
          e.done;
        const wall = e.end - e.start;
        return {
          start: e.start,
          end: e.end,
          usefulShare: wall > 0 ? Math.min(1, work / e.rate / wall) : 0,
        };
      }),
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
