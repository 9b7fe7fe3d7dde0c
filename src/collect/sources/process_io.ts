import { readdirSync } from "node:fs";
import { parseKeyedCounters } from "../../parse/keyed_counters.ts";
import { parseProcessStat } from "../../parse/process_stat.ts";
import { type CounterFile, openCounterFile } from "../../runtime/counter_file.ts";
import { readTextIfExists } from "../../runtime/files.ts";
import { pageBytes } from "../../runtime/host.ts";
import { createProcessTree, type ProcessTree } from "../process_tree.ts";
import type { OpenSource, SampleSink, Source, SourceContext } from "../source.ts";

const FIELDS: readonly (readonly [string, string, string])[] = [
  ["read_bytes", "bytes", "read_bytes"],
  ["write_bytes", "bytes", "write_bytes"],
  ["cancelled_write_bytes", "bytes", "cancelled_write_bytes"],
  ["read_call_bytes", "bytes", "rchar"],
  ["write_call_bytes", "bytes", "wchar"],
  ["read_calls", "count", "syscr"],
  ["write_calls", "count", "syscw"],
];

/** Seconds between looks for new processes; I/O of those that come and go between is still counted. */
const DISCOVER_NS = 1e9;
const TICKS_PER_SECOND = 100;

interface Member {
  readonly parent: number;
  readonly io: CounterFile;
  readonly stat: CounterFile;
  last: number[];
  /** Seconds of processor time, of the children it waited for too. */
  cpu: number;
  /** Whether it was seen alive with a parent outside of the tree, which will inherit its counters. */
  orphan: boolean;
}

function ioOf(text: string): number[] {
  const values = parseKeyedCounters(text, "io");
  return FIELDS.map(([, , key]) => values.get(key) ?? 0);
}

/**
 * I/O of the children that this process has reaped: its own counters minus those of its living threads.
 * The kernel adds a child's counters, its descendants' included, to whoever waits for it, so that nothing a
 * short-lived process did is lost.
 */
function reapedIo(): number[] | null {
  try {
    const total = ioOf(readTextIfExists("/proc/self/io") ?? "");
    for (const thread of readdirSync("/proc/self/task")) {
      const text = readTextIfExists(`/proc/self/task/${thread}/io`);
      if (text !== null) ioOf(text).forEach((value, i) => total[i] -= value);
    }
    return total;
  } catch {
    return null;
  }
}

function reapedCpuSeconds(): number {
  const stat = readTextIfExists("/proc/self/stat");
  return stat === null ? 0 : parseProcessStat(stat).reapedTicks / TICKS_PER_SECOND;
}

function open(context: SourceContext): OpenSource {
  const proc = `${context.root}/proc`;
  const page = pageBytes();
  // What this process has reaped that is none of the tree's: tools of other sources above all. It is read
  // again while the root lives, since the account of the root moves here only when that is reaped.
  let reapedBefore = reapedIo();
  let reapedCpuBefore = reapedCpuSeconds();
  const members = new Map<number, Member>();
  const lostOrphans = FIELDS.map(() => 0);
  const highest = FIELDS.map(() => 0);
  let lostCpu = 0;
  let tree: ProcessTree | null = null;
  let nextDiscoverNs = 0;
  let ids: number[] | null = null;
  let gauges: { processes: number; rss: number; cpu: number } | null = null;
  let highestCpu = 0;
  let failure: string | null = null;

  const define = (sink: SampleSink) => {
    const series = (field: string, unit: string, type: "counter" | "gauge") =>
      sink.series({ source: "process-io", device: "", field, unit, type });
    ids = FIELDS.map(([field, unit]) => series(field, unit, "counter"));
    gauges = {
      processes: series("processes", "count", "gauge"),
      rss: series("resident_bytes", "bytes", "gauge"),
      cpu: series("cpu_seconds", "seconds", "counter"),
    };
  };

  /** Whether it was time to look. */
  const discover = (root: number): boolean => {
    tree ??= createProcessTree(proc, root);
    if (context.nowNs() < nextDiscoverNs) return false;
    const before = performance.now();
    tree.discover();
    for (const { pid, parent } of tree.members()) {
      if (members.has(pid)) continue;
      members.set(pid, {
        parent,
        io: openCounterFile(`${proc}/${pid}/io`, 512),
        stat: openCounterFile(`${proc}/${pid}/stat`, 1024),
        last: FIELDS.map(() => 0),
        cpu: 0,
        orphan: false,
      });
    }
    // A tree of thousands of threads is looked through less often, so that it stays under 1 % of a core.
    const costNs = (performance.now() - before) * 1e6;
    nextDiscoverNs = context.nowNs() + Math.max(DISCOVER_NS, 100 * costNs);
    return true;
  };

  const drop = (pid: number, member: Member) => {
    member.io.close();
    member.stat.close();
    members.delete(pid);
    tree?.forget(pid);
    // Its parent in the tree inherits its counters when it waits for it; nobody of ours does for an orphan.
    // A parent that is gone too is no sign: a shell ends right after the command it waited for.
    if (member.orphan) {
      member.last.forEach((value, i) => lostOrphans[i] += value);
      lostCpu += member.cpu;
    }
  };

  return {
    sample: (sink) => {
      if (ids === null || gauges === null) define(sink);
      const root = context.pid();
      const looked = root !== null && discover(root);
      // Read before the root is seen alive: what it holds then cannot be the root's.
      const reapedNow = looked ? { io: reapedIo(), cpu: reapedCpuSeconds() } : null;
      const sums = FIELDS.map(() => 0);
      let rss = 0;
      let live = 0;
      let denied = false;
      let rootLives = false;
      for (const [pid, member] of members) {
        const io = member.io.read();
        const stat = member.stat.read();
        if (stat === null || io === null) {
          denied ||= member.io.problem() === "permission denied";
          if (stat === null || !denied) {
            drop(pid, member);
            continue;
          }
        }
        if (io !== null) member.last = ioOf(io);
        const process = parseProcessStat(stat!);
        rootLives ||= pid === root;
        member.orphan = member.parent !== 0 && process.parentPid !== member.parent &&
          !members.has(process.parentPid);
        rss += process.rssPages * page;
        member.cpu = (process.userTicks + process.systemTicks + process.reapedTicks) /
          TICKS_PER_SECOND;
        live += member.cpu;
        member.last.forEach((value, i) => sums[i] += value);
      }
      if (rootLives && reapedNow !== null) {
        reapedBefore = reapedNow.io ?? reapedBefore;
        reapedCpuBefore = reapedNow.cpu;
      }
      // Orphans that ended in this round are lost now, and were not in the sums of the living.
      const sum = sums.map((value, i) => value + lostOrphans[i]);
      let cpu = live + lostCpu;
      // Once the root is reaped its whole account has moved to this process.
      const reaped = root === null || rootLives || reapedBefore === null ? null : reapedIo();
      if (reaped !== null) reaped.forEach((value, i) => sum[i] += value - reapedBefore![i]);
      if (denied) failure = "I/O of a process of another user cannot be read";
      for (let i = 0; i < FIELDS.length; i++) {
        highest[i] = Math.max(highest[i], sum[i]);
        // Before the command starts it has done nothing: 0 is what it did, so that deltas are whole.
        sink.push(ids![i], denied ? null : highest[i], failure ?? undefined);
      }
      if (reaped !== null) cpu += reapedCpuSeconds() - reapedCpuBefore;
      highestCpu = Math.max(highestCpu, cpu);
      sink.push(gauges!.processes, members.size);
      sink.push(gauges!.rss, rss);
      sink.push(gauges!.cpu, highestCpu);
    },
    failure: () => failure,
    close: () => {
      for (const member of members.values()) {
        member.io.close();
        member.stat.close();
      }
      return Promise.resolve();
    },
  };
}

export const source: Source = {
  name: "process-io",
  summary: "I/O, memory and CPU time of the recorded command and all it starts (/proc/<pid>/io)",
  minIntervalNs: 0,
  probe: (context) => {
    if (!context.follows) {
      return Promise.resolve({
        status: "absent",
        reason: "no command is recorded",
        remedy: "record -- COMMAND, or --pid",
        devices: [],
      });
    }
    if (readTextIfExists(`${context.root}/proc/self/io`) === null) {
      return Promise.resolve({
        status: "absent",
        reason: "/proc/self/io is not there: the kernel has no task I/O accounting",
        remedy: "use a kernel with CONFIG_TASK_IO_ACCOUNTING",
        devices: [],
      });
    }
    return Promise.resolve({
      status: "ok",
      reason: null,
      remedy: null,
      devices: ["the process tree of the recorded command"],
    });
  },
  open: (context) => Promise.resolve(open(context)),
};
