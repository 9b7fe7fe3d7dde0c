import { counterOf, lineError } from "./numbers.ts";

/** Times of all processors since boot in clock ticks (USER_HZ, 100 a second on every Linux port). */
export interface CpuCounters {
  readonly userTicks: number;
  readonly niceTicks: number;
  readonly systemTicks: number;
  readonly idleTicks: number;
  readonly iowaitTicks: number;
  readonly irqTicks: number;
  readonly softirqTicks: number;
  readonly stealTicks: number;
  readonly contextSwitches: number | null;
  readonly processes: number | null;
  readonly runningTasks: number | null;
  readonly blockedTasks: number | null;
}

function keyed(text: string, key: string): number | null {
  const at = text.indexOf(`\n${key} `);
  if (at < 0) return null;
  const start = at + key.length + 2;
  const end = text.indexOf("\n", start);
  return counterOf(text.slice(start, end < 0 ? undefined : end).trim());
}

/**
 * `/proc/stat`. The per-processor lines and the long interrupt lines are skipped, not split: this is read
 * many times a second on machines with hundreds of processors. `user` holds the guest time too.
 *
 * @throws {SpillwayError} data error when the first line is not the `cpu` line.
 */
export function parseProcStat(text: string, what = "/proc/stat"): CpuCounters {
  const end = text.indexOf("\n");
  const first = (end < 0 ? text : text.slice(0, end)).trim().split(/\s+/);
  const values = first.slice(1).map((field) => counterOf(field));
  if (first[0] !== "cpu" || values.length < 4 || values.some((value) => value === null)) {
    throw lineError(what, 1, `expected "cpu" and at least 4 numbers, found "${first.join(" ")}"`);
  }
  const at = (i: number): number => values[i] ?? 0;
  return {
    userTicks: at(0),
    niceTicks: at(1),
    systemTicks: at(2),
    idleTicks: at(3),
    iowaitTicks: at(4),
    irqTicks: at(5),
    softirqTicks: at(6),
    stealTicks: at(7),
    contextSwitches: keyed(text, "ctxt"),
    processes: keyed(text, "processes"),
    runningTasks: keyed(text, "procs_running"),
    blockedTasks: keyed(text, "procs_blocked"),
  };
}
