import { type NvidiaFsStats, parseNvidiaFs } from "../../parse/nvidia_fs.ts";
import { openCounterFile } from "../../runtime/counter_file.ts";
import { readTextIfExists } from "../../runtime/files.ts";
import type { OpenSource, Source, SourceContext, SourceProbe } from "../source.ts";

const PATH = "/proc/driver/nvidia-fs/stats";

const FIELDS: readonly {
  readonly field: string;
  readonly unit: string;
  readonly type: "counter" | "gauge";
  readonly of: (stats: NvidiaFsStats) => number | null;
}[] = [
  { field: "read_bytes", unit: "bytes", type: "counter", of: (s) => s.readBytes },
  { field: "write_bytes", unit: "bytes", type: "counter", of: (s) => s.writeBytes },
  { field: "read_requests", unit: "count", type: "counter", of: (s) => s.reads },
  { field: "write_requests", unit: "count", type: "counter", of: (s) => s.writes },
  { field: "read_errors", unit: "count", type: "counter", of: (s) => s.readErrors },
  { field: "write_errors", unit: "count", type: "counter", of: (s) => s.writeErrors },
  { field: "batches", unit: "count", type: "counter", of: (s) => s.batches },
  { field: "processes", unit: "count", type: "gauge", of: (s) => s.activeProcesses },
];

function probe(context: SourceContext): SourceProbe {
  let text: string | null = null;
  try {
    text = readTextIfExists(`${context.root}${PATH}`);
  } catch {
    return {
      status: "denied",
      reason: `${PATH} cannot be read`,
      remedy: "run as root",
      devices: [],
    };
  }
  const stats = text === null ? null : parseNvidiaFs(text);
  if (stats === null) {
    return {
      status: "absent",
      reason: text === null
        ? "GPUDirect Storage is not here (no nvidia-fs driver)"
        : `${PATH} is empty`,
      remedy: "install nvidia-gds, when this machine uses it",
      devices: [],
    };
  }
  const off = stats.counting === false;
  return {
    status: off ? "partial" : "ok",
    reason: off ? "the driver does not count I/O (IO stats: Disabled)" : null,
    remedy: off ? "echo 1 > /sys/module/nvidia_fs/parameters/rw_stats_enabled" : null,
    devices: ["nvidia-fs"],
  };
}

function open(context: SourceContext): OpenSource {
  const file = openCounterFile(`${context.root}${PATH}`, 4096);
  let failure: string | null = null;
  return {
    sample: (sink) => {
      const text = file.read();
      const stats = text === null ? null : parseNvidiaFs(text);
      if (stats === null) failure ??= `${PATH}: ${file.problem() ?? "it is none of nvidia-fs"}`;
      for (const { field, unit, type, of } of FIELDS) {
        const id = sink.series({ source: "nvidia-fs", device: "", field, unit, type });
        sink.push(
          id,
          stats === null ? null : of(stats),
          failure ?? "this release does not count it",
        );
      }
    },
    failure: () => failure,
    close: () => Promise.resolve(file.close()),
  };
}

export const source: Source = {
  name: "nvidia-fs",
  summary: "reads and writes that went straight between storage and GPU (GPUDirect Storage)",
  minIntervalNs: 1e8,
  probe: (context) => Promise.resolve(probe(context)),
  open: (context) => Promise.resolve(open(context)),
};
