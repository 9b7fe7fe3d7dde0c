import type { Html } from "../html.ts";
import type { RecordedLine } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";
import { drawLines, type RunItem, valuesOf, weight } from "./counter_lines.ts";
import { otherCharts } from "./other_counters.ts";

interface CounterChart {
  readonly title: string;
  /** Unit of the values shown: of the rate for counters. */
  readonly unit: string;
  readonly yTitle: string;
  readonly fields: readonly (readonly [source: string, field: string, label: string])[];
}

const GPU = ["nvml", "nvidia-smi", "dcgm"];
const each = (field: string, label: string) => GPU.map((source) => [source, field, label] as const);

/** Charts of a recording: which fields, as they are or as rates, under which title. */
const CHARTS: readonly CounterChart[] = [
  {
    title: "GPU utilisation",
    unit: "ratio",
    yTitle: "share of time",
    fields: [
      ...each("utilization_ratio", "some kernel ran"),
      ...each("sm_active_ratio", "SM active"),
    ],
  },
  {
    title: "GPU memory in use",
    unit: "bytes",
    yTitle: "in use",
    fields: [...each("memory_used_bytes", "used")],
  },
  {
    title: "GPU power",
    unit: "watts",
    yTitle: "power",
    fields: [...each("power_watts", "GPU")],
  },
  {
    title: "PCIe traffic of the GPU",
    unit: "bytesPerSecond",
    yTitle: "traffic",
    fields: [
      ...each("pcie_rx_bytes", "received"),
      ...each("pcie_tx_bytes", "sent"),
      ...each("pcie_rx_bytes_per_second", "received"),
      ...each("pcie_tx_bytes_per_second", "sent"),
    ],
  },
  {
    title: "Disk throughput",
    unit: "bytesPerSecond",
    yTitle: "throughput",
    fields: [["block", "read_bytes", "read"], ["block", "write_bytes", "written"]],
  },
  {
    title: "Disk busy",
    unit: "ratio",
    yTitle: "share of time",
    fields: [["block", "busy_seconds", "requests in flight"]],
  },
  {
    title: "Traffic of the command",
    unit: "bytesPerSecond",
    yTitle: "to and from storage",
    fields: [["process-io", "read_bytes", "read"], ["process-io", "write_bytes", "written"]],
  },
  {
    title: "Processor time",
    unit: "unit",
    yTitle: "processors busy",
    fields: [
      ["cpu", "user_seconds", "user"],
      ["cpu", "system_seconds", "system"],
      ["cpu", "iowait_seconds", "waiting for I/O"],
    ],
  },
  {
    title: "Tasks stalled (pressure)",
    unit: "ratio",
    yTitle: "share of time",
    fields: [["pressure", "some_stall_seconds", "some"], ["pressure", "full_stall_seconds", "all"]],
  },
  {
    title: "Host memory",
    unit: "bytes",
    yTitle: "size",
    fields: [
      ["memory", "page_cache_bytes", "page cache"],
      ["memory", "dirty_bytes", "dirty"],
      ["memory", "writeback_bytes", "being written"],
    ],
  },
  {
    title: "Drive temperature",
    unit: "°C",
    yTitle: "temperature",
    fields: [["nvme", "temperature_celsius", "drive"]],
  },
];

/** The device stands in the label only where there are several. */
function nameLine(item: RunItem, line: RecordedLine, label: string): string {
  const twins = item.lines.filter((l) =>
    l.series.source === line.series.source && l.series.field === line.series.field
  );
  return twins.length > 1 ? `${line.series.device} ${label}` : label;
}

/** The charts of counters over time, marks included: those of every machine, then what else changed. */
export async function counterCharts(item: RunItem, draw: DrawChart): Promise<Html[]> {
  const figures: Html[] = [];
  for (const chart of CHARTS) {
    const lines = chart.fields.flatMap(([source, field, label]) =>
      item.lines.filter((l) => l.series.source === source && l.series.field === field)
        .map((line) => valuesOf(line, nameLine(item, line, label)))
    ).filter((line) => weight(line) > 0);
    if (lines.length > 0) figures.push(await drawLines(item, draw, chart, lines));
  }
  const known = new Set(CHARTS.flatMap(({ fields }) => fields.map(([source]) => source)));
  return [...figures, ...await otherCharts(item, known, draw)];
}
