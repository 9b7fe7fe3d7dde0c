import { type CpuCounters, parseProcStat } from "../../parse/proc_stat.ts";
import { openCounterFile } from "../../runtime/counter_file.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import type { OpenSource, Source, SourceContext } from "../source.ts";

/** USER_HZ: 100 on every Linux port, whatever CONFIG_HZ is. */
const TICKS_PER_SECOND = 100;

const TIMES: readonly (readonly [string, keyof CpuCounters])[] = [
  ["user_seconds", "userTicks"],
  ["nice_seconds", "niceTicks"],
  ["system_seconds", "systemTicks"],
  ["idle_seconds", "idleTicks"],
  ["iowait_seconds", "iowaitTicks"],
  ["irq_seconds", "irqTicks"],
  ["softirq_seconds", "softirqTicks"],
  ["steal_seconds", "stealTicks"],
];

const COUNTS: readonly (readonly [string, keyof CpuCounters, "counter" | "gauge"])[] = [
  ["context_switches", "contextSwitches", "counter"],
  ["forks", "processes", "counter"],
  ["running_tasks", "runningTasks", "gauge"],
  ["blocked_tasks", "blockedTasks", "gauge"],
];

function open(context: SourceContext): OpenSource {
  const file = openCounterFile(`${context.root}/proc/stat`, 16384);
  let ids: number[] | null = null;
  let failure: string | null = null;
  // Idle and iowait time may step back (proc_stat(5)), also when a processor goes offline: that is no reset,
  // so what was lost is carried on and the series never falls.
  const last = TIMES.map(() => 0);
  const carried = TIMES.map(() => 0);
  const steady = (i: number, ticks: number): number => {
    if (ticks < last[i]) carried[i] += last[i] - ticks;
    last[i] = ticks;
    return ticks + carried[i];
  };
  return {
    sample: (sink) => {
      const define = (field: string, unit: string, type: "counter" | "gauge") =>
        sink.series({ source: "cpu", device: "", field, unit, type });
      ids ??= [
        ...TIMES.map(([field]) => define(field, "seconds", "counter")),
        ...COUNTS.map(([field, , type]) => define(field, "count", type)),
      ];
      const text = file.read();
      if (text === null) {
        failure = `/proc/stat: ${file.problem()}`;
        for (const id of ids) sink.push(id, null, failure);
        return;
      }
      const now = parseProcStat(text);
      TIMES.forEach(([, key], i) => sink.push(ids![i], steady(i, now[key]!) / TICKS_PER_SECOND));
      COUNTS.forEach(([, key], i) => sink.push(ids![TIMES.length + i], now[key]));
    },
    failure: () => failure,
    close: () => Promise.resolve(file.close()),
  };
}

export const source: Source = {
  name: "cpu",
  summary: "processor time by kind, context switches, running and blocked tasks (/proc/stat)",
  minIntervalNs: 0,
  probe: (context) => {
    if (readTextIfExists(`${context.root}/proc/stat`) === null) {
      return Promise.resolve({
        status: "absent",
        reason: "/proc/stat is not there",
        remedy: "mount /proc in the container (it needs Linux)",
        devices: [],
      });
    }
    const online = listNames(`${context.root}/sys/devices/system/cpu`)
      .filter((name) => /^cpu\d+\/$/.test(name));
    return Promise.resolve({
      status: "ok",
      reason: null,
      remedy: null,
      devices: [`${online.length} logical processors`],
    });
  },
  open: (context) => Promise.resolve(open(context)),
};
