import type { FaultJob, ScheduleSpec } from "./plan.ts";

/** Closed forms of a schedule: when the j-th segment after a start ends. */
export interface Schedule {
  readonly job: FaultJob;
  readonly spec: ScheduleSpec;
  /** Segments of the whole job. */
  readonly segments: number;
  /** Work of the first `m` segments, useful seconds. */
  workOf(m: number): number;
  /** Remote saves among the first `m` segments. */
  remoteSaves(m: number): number;
  /** Newest segment at or before `m` that ends with a remote save; 0 is the job's start. */
  remoteAtOrBefore(m: number): number;
  /**
   * Wall seconds from a start at segment `m`, `done` useful seconds into it, until `j` more segments ended,
   * at a training rate.
   */
  wallOf(m: number, done: number, rate: number, j: number): number;
  /** Most segments that ended within `wall` seconds of such a start. */
  segmentsWithin(m: number, done: number, rate: number, wall: number): number;
}

/** Segments this close to a whole number of the job are whole: 6000/600 must not become 11. */
const SLACK = 1e-9;

export function createSchedule(job: FaultJob, spec: ScheduleSpec): Schedule {
  const segment = Math.min(spec.segmentSeconds, job.usefulSeconds);
  const segments = Math.max(1, Math.ceil(job.usefulSeconds / segment - SLACK));
  const missing = segments * segment - job.usefulSeconds;
  const { blockSeconds: block, remoteBlockSeconds, remoteEvery, persistSeconds } = spec;

  const workOf = (m: number): number => m === segments ? job.usefulSeconds : m * segment;
  const remoteSaves = (m: number): number => {
    const whole = Math.floor(m / remoteEvery);
    if (m < segments) return whole;
    if (!spec.finalSave) return Math.floor((segments - 1) / remoteEvery);
    return segments % remoteEvery === 0 ? whole : whole + 1;
  };
  const remoteAtOrBefore = (m: number): number =>
    m === segments && spec.finalSave ? m : m - m % remoteEvery;
  const wallOf = (m: number, done: number, rate: number, j: number): number => {
    if (j === 0) return 0;
    const last = m + j === segments;
    const train = (j * segment - (last ? missing : 0) - done) / rate;
    const saves = remoteSaves(m + j) - remoteSaves(m);
    const blocks = last && !spec.finalSave ? j - 1 : j;
    // One persist at a time: a save whose predecessor is still being written waits for it.
    const cycle = remoteEvery * (segment / rate + block);
    const wait = saves > 1 && persistSeconds > cycle ? (saves - 1) * (persistSeconds - cycle) : 0;
    return train + blocks * block + saves * remoteBlockSeconds + wait;
  };
  const segmentsWithin = (m: number, done: number, rate: number, wall: number): number => {
    // Float slack: a save that ends at the very instant of a failure is complete.
    const limit = wall + 1e-12 * Math.max(1, wall);
    const most = segments - m;
    // The mean length of a segment gives the count but for where in the cycle the start lies; from there
    // the search doubles its steps, so that it costs a few closed forms whatever the count is.
    const cycle = remoteEvery * (segment / rate + block);
    const mean = (Math.max(cycle, persistSeconds) + remoteBlockSeconds) / remoteEvery;
    let low = Math.max(0, Math.min(most, Math.floor((limit + done / rate) / mean)));
    let high = low;
    if (wallOf(m, done, rate, low) <= limit) {
      for (let step = 1; high < most; step *= 2) {
        high = Math.min(most, low + step);
        if (wallOf(m, done, rate, high) > limit) {
          high--;
          break;
        }
        low = high;
      }
    } else {
      for (let step = 1; low > 0; step *= 2) {
        high = low - 1;
        low = Math.max(0, low - step);
        if (wallOf(m, done, rate, low) <= limit) break;
      }
    }
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (wallOf(m, done, rate, middle) <= limit) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return { job, spec, segments, workOf, remoteSaves, remoteAtOrBefore, wallOf, segmentsWithin };
}
