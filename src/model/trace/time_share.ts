import type { SampleSeries } from "./samples.ts";

/**
 * Fields that count the time in which something was so at all: at least one request in flight
 * (`/proc/diskstats` field 13), at least one or every task stalled (`/proc/pressure`). Unlike sums over
 * processors or over requests they grow by at most a second a second.
 */
const FIELDS: readonly string[] = ["busy_seconds", "some_stall_seconds", "full_stall_seconds"];

/** Whether the rate of this counter is a share of time, between 0 and 1. */
export function isTimeShare({ type, field }: Pick<SampleSeries, "type" | "field">): boolean {
  return type === "counter" && FIELDS.includes(field);
}

/**
 * A share of time, bounded at 1. What lies above is no load but error of the reading: the counter goes on
 * between the time stamp and the read (more so when the reader is preempted there), and the kernel books
 * a request's or a stall's time when it ends or is looked at, which may be after the interval it fell in.
 * iostat bounds %util for the same reason. NaN, unknown, stays NaN.
 */
export function boundTimeShare(share: number): number {
  return Math.min(1, share);
}
