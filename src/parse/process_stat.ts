import { counterOf, lineError } from "./numbers.ts";

/** What `/proc/<pid>/stat` says of a process and its threads (proc_pid_stat(5)). */
export interface ProcessStat {
  readonly name: string;
  readonly state: string;
  readonly parentPid: number;
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Of the children it has waited for, and of theirs. */
  readonly reapedTicks: number;
  readonly threads: number;
  readonly startTicks: number;
  readonly rssPages: number;
}

/** @throws {SpillwayError} data error when the line is cut. */
export function parseProcessStat(text: string, what = "stat"): ProcessStat {
  const open = text.indexOf("(");
  // The name may hold blanks and brackets: it ends at the last one.
  const close = text.lastIndexOf(")");
  const fields = close < 0 ? [] : text.slice(close + 2).trim().split(" ");
  const at = (i: number): number | null => counterOf(fields[i]);
  const [
    parentPid,
    userTicks,
    systemTicks,
    reapedUser,
    reapedSystem,
    threads,
    startTicks,
    rssPages,
  ] = [
    at(1),
    at(11),
    at(12),
    at(13),
    at(14),
    at(17),
    at(19),
    at(21),
  ];
  if (
    open < 0 || parentPid === null || userTicks === null || systemTicks === null ||
    reapedUser === null || reapedSystem === null || threads === null || startTicks === null ||
    rssPages === null
  ) {
    throw lineError(
      what,
      1,
      `expected a process line of 24 fields or more, found "${text.trim()}"`,
    );
  }
  return {
    name: text.slice(open + 1, close),
    state: fields[0],
    parentPid,
    userTicks,
    systemTicks,
    reapedTicks: reapedUser + reapedSystem,
    threads,
    startTicks,
    rssPages,
  };
}
