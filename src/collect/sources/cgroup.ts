import { parseKeyedCounters } from "../../parse/keyed_counters.ts";
import { parseCgroupIoStat } from "../../parse/network_fs.ts";
import { listNames, readTextIfExists } from "../../runtime/files.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

/** io.stat keys with our field and unit. */
const IO = [
  ["read_bytes", "bytes", "rbytes"],
  ["write_bytes", "bytes", "wbytes"],
  ["read_requests", "count", "rios"],
  ["write_requests", "count", "wios"],
] as const;

const FASTEST_NS = 1e8;

function text(path: string): string | null {
  try {
    return readTextIfExists(path);
  } catch {
    return null;
  }
}

/** Folder of the cgroup (version 2) that a process is in, or null. */
function folderOf(root: string, pid: number | "self"): string | null {
  const line = text(`${root}/proc/${pid}/cgroup`)?.split("\n").find((l) => l.startsWith("0::"));
  if (line === undefined) return null;
  for (const mount of ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]) {
    const folder = `${root}${mount}${line.slice(3).trim()}`.replace(/\/$/, "");
    if (listNames(folder).includes("io.stat")) return folder;
  }
  return null;
}

function probe(context: SourceContext): SourceProbe {
  const version2 = text(`${context.root}/sys/fs/cgroup/cgroup.controllers`) !== null;
  if (!context.follows) {
    return {
      status: "absent",
      reason: "no command is recorded",
      remedy: "record -- COMMAND, or --pid",
      devices: [],
    };
  }
  const own = folderOf(context.root, context.pid() ?? "self");
  if (own === null) {
    return {
      status: "absent",
      reason: version2
        ? "the process is in the root cgroup, or its io controller is off"
        : "cgroup version 2 is not mounted at /sys/fs/cgroup",
      remedy: version2
        ? "start the command with systemd-run --scope -p IOAccounting=yes"
        : "boot with systemd.unified_cgroup_hierarchy=1",
      devices: [],
    };
  }
  return {
    status: "ok",
    reason: null,
    remedy: null,
    devices: [own.slice(own.lastIndexOf("/") + 1)],
  };
}

/** Counters of the cgroup that the recorded process is in, whoever else is in it. */
function open(context: SourceContext): OpenSource {
  let folder: string | null = null;
  let failure: string | null = null;
  // Counters of one cgroup go on from those of the one before: what it did earlier is not the process's.
  const counters = new Map<string, { shift: number; last: number; folder: string }>();
  const continued = (key: string, value: number, at: string): number => {
    const known = counters.get(key);
    const shift = known === undefined
      ? 0
      : known.folder === at
      ? known.shift
      : known.last + known.shift - value;
    counters.set(key, { shift, last: value, folder: at });
    return value + shift;
  };
  const push = (
    sink: SampleSink,
    device: string,
    field: string,
    unit: string,
    type: "counter" | "gauge",
    value: number | null,
  ) =>
    sink.push(
      sink.series({ source: "cgroup", device, field, unit, type }),
      value === null || type === "gauge" || folder === null
        ? value
        : continued(`${device} ${field}`, value, folder),
      "not counted",
    );
  return {
    sample: (sink) => {
      const pid = context.pid();
      // A command starts in our cgroup and may be moved by what starts it; it is looked up until it runs.
      folder = (pid === null ? null : folderOf(context.root, pid)) ?? folder;
      if (folder === null) return;
      const io = text(`${folder}/io.stat`);
      if (io === null) failure ??= `${folder}/io.stat is gone`;
      for (const { device, values } of parseCgroupIoStat(io ?? "")) {
        for (const [field, unit, key] of IO) {
          push(sink, device, field, unit, "counter", values.get(key) ?? null);
        }
      }
      const memory = text(`${folder}/memory.current`);
      if (memory !== null) push(sink, "", "memory_bytes", "bytes", "gauge", Number(memory));
      const cpu = text(`${folder}/cpu.stat`);
      if (cpu !== null) {
        const values = parseKeyedCounters(cpu, "cpu.stat");
        const usage = values.get("usage_usec");
        push(
          sink,
          "",
          "cpu_seconds",
          "seconds",
          "counter",
          usage === undefined ? null : usage / 1e6,
        );
      }
    },
    failure: () => failure,
    close: () => Promise.resolve(),
  };
}

export const source: Source = {
  name: "cgroup",
  summary: "I/O, memory and CPU time of the cgroup of the recorded command (cgroup v2 io.stat)",
  minIntervalNs: FASTEST_NS,
  probe: (context) => Promise.resolve(probe(context)),
  open: (context) => Promise.resolve(open(context)),
};
