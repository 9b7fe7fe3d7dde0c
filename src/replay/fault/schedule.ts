import { createIterations } from "./iterations.ts";
import type { FaultJob, ScheduleSpec } from "./plan.ts";

/** Closed forms of a schedule: when the j-th segment after a start ends. */
export interface Schedule {
  readonly job: FaultJob;
  readonly spec: ScheduleSpec;
  /** Segments of the whole job. */
  readonly segments: number;
  /** Work of the first `m` segments, useful seconds. */
  workOf(m: number): number;
  /** Start of the iteration in flight, useful seconds into segment `m`, of which `done` are done. */
  iterationStart(m: number, done: number): number;
  /** Remote saves among the first `m` segments. */
  remoteSaves(m: number): number;
  /** Newest segment at or before `m` that ends with a remote save; 0 is the job's start. */
  remoteAtOrBefore(m: number): number;
  /**
   * Wall seconds from a start at segment `m`, `done` useful seconds into it, until `j` more segments ended,
   * at a training rate; an earlier save is still on its way for the first `pending` seconds.
   */
  wallOf(m: number, done: number, rate: number, j: number, pending?: number): number;
  /** Most segments that ended within `wall` seconds of such a start. */
  segmentsWithin(m: number, done: number, rate: number, wall: number, pending?: number): number;
  /** Blocking seconds of the save at the end of segment `m`: into memory, then to remote storage. */
  blocksOf(m: number): { readonly memory: number; readonly remote: number };
}

/** Segments this close to a whole number of the job are whole: 6000/600 must not become 11. */
const SLACK = 1e-9;

/** How the job's work is cut into segments. */
interface Cut {
  readonly segments: number;
  /** Mean useful seconds of a segment. */
  readonly mean: number;
  workOf(m: number): number;
}

/** Ends of segments along an axis of seconds or of iterations. */
interface Ends {
  endOf(m: number): number;
  /** Segments that hold so much of the axis. */
  holding(total: number): number;
}

/** The lead's own lengths, then equal ones; `missing` is what the first is shorter by. */
function segmentEnds(lead: readonly number[], length: number, missing: number): Ends {
  const sums = [0];
  for (const own of lead) sums.push(sums[sums.length - 1] + own);
  const total = sums[lead.length];
  return {
    endOf: (m) =>
      m === 0 ? 0 : (m <= lead.length ? sums[m] : total + (m - lead.length) * length) - missing,
    holding(wanted) {
      const within = sums.findIndex((sum) => sum - missing >= wanted * (1 - SLACK));
      if (within >= 0) return Math.max(1, within);
      return lead.length +
        Math.max(1, Math.ceil((wanted + missing - total) / length - SLACK));
    },
  };
}

function evenCut(spec: ScheduleSpec, useful: number): Cut {
  const segment = Math.min(spec.segmentSeconds, useful);
  const lead = spec.leadSeconds ?? [];
  const whole = Math.min(lead[0] ?? segment, useful);
  // A first segment that is shorter is one of full length that began before the job.
  const missing = whole - Math.min(spec.firstSeconds ?? whole, whole);
  const ends = segmentEnds(lead, segment, missing);
  const segments = ends.holding(useful);
  return {
    segments,
    mean: segment,
    workOf: (m) => m >= segments ? useful : ends.endOf(m),
  };
}

/** Segments of whole recorded iterations, as many as come nearest to the wanted length. */
function recordedCut(spec: ScheduleSpec, job: FaultJob): Cut {
  const recorded = job.iterationEnds!;
  const iterations = createIterations(job.iterationSeconds, recorded);
  const step = recorded[recorded.length - 1] / recorded.length;
  const count = (seconds: number) => Math.max(1, Math.round(seconds / step));
  const every = count(Math.min(spec.segmentSeconds, job.usefulSeconds));
  const lead = (spec.leadSeconds ?? []).map(count);
  const whole = lead[0] ?? every;
  const missing = whole - Math.min(whole, count(spec.firstSeconds ?? whole * step));
  const ends = segmentEnds(lead, every, missing);
  const total = iterations.within(job.usefulSeconds);
  const all = iterations.endOf(total) >= job.usefulSeconds * (1 - SLACK) ? total : total + 1;
  const segments = ends.holding(all);
  return {
    segments,
    mean: every * step,
    workOf: (m) => m >= segments ? job.usefulSeconds : iterations.endOf(ends.endOf(m)),
  };
}

/** Useful seconds of the segment after `m` ended ones, as the schedule wants it. */
export function segmentSecondsAfter(spec: ScheduleSpec, m: number): number {
  const wanted = spec.leadSeconds?.[m] ?? spec.segmentSeconds;
  return m === 0 ? Math.min(spec.firstSeconds ?? wanted, wanted) : wanted;
}

export function createSchedule(job: FaultJob, spec: ScheduleSpec): Schedule {
  const { blockSeconds: block, remoteBlockSeconds, remoteEvery, persistSeconds } = spec;
  const recorded = job.iterationEnds !== undefined && job.iterationEnds.length > 0;
  const cut = recorded ? recordedCut(spec, job) : evenCut(spec, job.usefulSeconds);
  const { segments, mean: segment, workOf } = cut;
  const leading = spec.leadSeconds?.length ?? 0;
  const iterations = createIterations(job.iterationSeconds, job.iterationEnds);

  const remoteSaves = (m: number): number => {
    const whole = Math.floor(m / remoteEvery);
    if (m < segments) return whole;
    if (!spec.finalSave) return Math.floor((segments - 1) / remoteEvery);
    return segments % remoteEvery === 0 ? whole : whole + 1;
  };
  const remoteAtOrBefore = (m: number): number =>
    m === segments && spec.finalSave ? m : m - m % remoteEvery;
  const wallOf = (m: number, done: number, rate: number, j: number, pending = 0): number => {
    if (j === 0) return 0;
    const last = m + j === segments;
    const train = (workOf(m + j) - workOf(m) - done) / rate;
    const saves = remoteSaves(m + j) - remoteSaves(m);
    const blocks = last && !spec.finalSave ? j - 1 : j;
    return train + blocks * block + saves * remoteBlockSeconds +
      firstWait(m, done, rate, saves, pending) + waitOf(m, rate, saves, last);
  };
  /** What the first save waits for the one that was on its way at the start. */
  const firstWait = (
    m: number,
    done: number,
    rate: number,
    saves: number,
    pending: number,
  ): number => {
    if (saves === 0 || pending === 0) return 0;
    const first = Math.min(segments, m - m % remoteEvery + remoteEvery);
    return Math.max(0, pending - (workOf(first) - workOf(m) - done) / rate - (first - m) * block);
  };
  /** One persist at a time: a save whose predecessor is still being written waits for it. */
  const waitOf = (m: number, rate: number, saves: number, last: boolean): number => {
    if (saves < 2 || persistSeconds === 0) return 0;
    const full = Math.max(0, persistSeconds - remoteEvery * (segment / rate + block));
    const ends = last && spec.finalSave;
    const whole = ends ? saves - 2 : saves - 1;
    let wait = 0;
    // Segments of lengths of their own: the save after segment i waits for the one before it.
    const led = Math.max(0, Math.min(whole, leading - 1 - m));
    for (let i = m + 1; i <= m + led; i++) {
      wait += Math.max(0, persistSeconds - (workOf(i + 1) - workOf(i)) / rate - block);
    }
    wait += (whole - led) * full;
    if (!ends) return wait;
    // The last save comes sooner after its predecessor.
    const before = Math.max(m, remoteAtOrBefore(segments - 1));
    const cycle = (workOf(segments) - workOf(before)) / rate + (segments - before) * block;
    return wait + Math.max(0, persistSeconds - cycle);
  };
  const segmentsWithin = (
    m: number,
    done: number,
    rate: number,
    wall: number,
    pending = 0,
  ): number => {
    // Float slack: a save that ends at the very instant of a failure is complete.
    const limit = wall + 1e-12 * Math.max(1, wall);
    const within = (j: number): boolean => wallOf(m, done, rate, j, pending) <= limit;
    const most = segments - m;
    // The mean length of a segment gives the count but for where in the cycle the start lies; from there
    // the search doubles its steps, so that it costs a few closed forms whatever the count is.
    const cycle = remoteEvery * (segment / rate + block);
    const mean = (Math.max(cycle, persistSeconds) + remoteBlockSeconds) / remoteEvery;
    let low = Math.max(0, Math.min(most, Math.floor((limit + done / rate) / mean)));
    let high = low;
    if (within(low)) {
      for (let step = 1; high < most; step *= 2) {
        high = Math.min(most, low + step);
        if (!within(high)) {
          high--;
          break;
        }
        low = high;
      }
    } else {
      for (let step = 1; low > 0; step *= 2) {
        high = low - 1;
        low = Math.max(0, low - step);
        if (within(low)) break;
      }
    }
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (within(middle)) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    job,
    spec,
    segments,
    workOf,
    iterationStart(m, done) {
      if (!recorded) {
        const step = job.iterationSeconds;
        return step > 0 ? Math.min(done, Math.floor(done / step + SLACK) * step) : done;
      }
      const work = workOf(m) + done;
      return Math.min(done, Math.max(0, iterations.endOf(iterations.within(work)) - workOf(m)));
    },
    remoteSaves,
    remoteAtOrBefore,
    blocksOf: (m) => ({
      memory: m === segments && !spec.finalSave ? 0 : block,
      remote: (remoteSaves(m) - remoteSaves(m - 1)) * remoteBlockSeconds,
    }),
    wallOf,
    segmentsWithin,
  };
}
