import { boundTimeShare, isTimeShare } from "../../model/trace/time_share.ts";
import { downsampleMinMax, ratesOf } from "../downsample.ts";
import type { Html } from "../html.ts";
import type { RecordedLine, ReportItem } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";

type RunItem = Extract<ReportItem, { kind: "run" }>;

/** Points of a line in the picture, and where the page zooms into it. */
const POINTS = 400;
const FINE_POINTS = 1000;
/** Most lines that can be told apart in one chart. */
const MOST_LINES = 6;

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

interface Line {
  readonly label: string;
  readonly x: number[];
  readonly y: (number | null)[];
}

function valuesOf(line: RecordedLine, label: string): Line {
  if (line.series.type === "counter") {
    const { seconds, rate } = ratesOf(line.timeNs, line.value);
    // Bounded before the line is thinned: the points that stay are the extremes, where the error is largest.
    const y = isTimeShare(line.series)
      ? rate.map((share) => share === null ? null : boundTimeShare(share))
      : rate;
    return { label, x: seconds, y };
  }
  return {
    label,
    x: Array.from(line.timeNs, (t) => t / 1e9),
    y: Array.from(line.value, (v) => Number.isNaN(v) ? null : v),
  };
}

/** Sum of the known values: 0 says that a line says nothing. */
function weight(line: Line): number {
  let sum = 0;
  for (const y of line.y) sum += Math.abs(y ?? 0);
  return sum;
}

function rowsOf(line: Line, points: number) {
  const thin = downsampleMinMax(line.x, line.y, points);
  return thin.x.map((x, i) => ({ x, y: thin.y[i], series: line.label }));
}

/** The device stands in the label only where there are several. */
function nameLine(item: RunItem, line: RecordedLine, label: string): string {
  const twins = item.lines.filter((l) =>
    l.series.source === line.series.source && l.series.field === line.series.field
  );
  return twins.length > 1 ? `${line.series.device} ${label}` : label;
}

/** The charts of counters over time, marks included; charts of one recording zoom together. */
export async function counterCharts(item: RunItem, draw: DrawChart): Promise<Html[]> {
  const marks = item.record.marks.map((m) => ({ x: m.timeNs / 1e9, mark: m.name }));
  const figures: Html[] = [];
  for (const chart of CHARTS) {
    const all = chart.fields.flatMap(([source, field, label]) =>
      item.lines.filter((l) => l.series.source === source && l.series.field === field)
        .map((line) => valuesOf(line, nameLine(item, line, label)))
    ).filter((line) => weight(line) > 0);
    if (all.length === 0) continue;
    const shown = [...all].sort((a, b) => weight(b) - weight(a)).slice(0, MOST_LINES);
    const lines = all.filter((line) => shown.includes(line));
    const left = all.length - lines.length;
    figures.push(
      await draw("lines", {
        title: `${chart.title}${left === 0 ? "" : ` (the ${MOST_LINES} largest of ${all.length})`}`,
        rows: [...lines.flatMap((l) => rowsOf(l, POINTS)), ...marks],
        options: {
          xTitle: "time from the start",
          xUnit: "seconds",
          yTitle: chart.yTitle,
          yUnit: chart.unit,
        },
        explore: {
          group: item.id,
          rows: [...lines.flatMap((l) => rowsOf(l, FINE_POINTS)), ...marks],
        },
      }),
    );
  }
  return figures;
}
