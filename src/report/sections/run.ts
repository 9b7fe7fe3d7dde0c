import { formatSeconds } from "../../model/units.ts";
import { downsampleMinMax, ratesOf } from "../downsample.ts";
import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { RecordedLine, ReportItem } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";

type RunItem = Extract<ReportItem, { kind: "run" }>;

const POINTS = 400;

/** Charts of a recording: which fields, as they are or as rates, under which title. */
const CHARTS: readonly {
  readonly title: string;
  readonly yTitle: string;
  readonly format?: string;
  readonly fields: readonly (readonly [source: string, field: string, label: string])[];
}[] = [
  {
    title: "Disk throughput",
    yTitle: "bytes a second",
    fields: [["block", "read_bytes", "read"], ["block", "write_bytes", "written"]],
  },
  {
    title: "GPU utilisation",
    yTitle: "share",
    format: ".0%",
    fields: [["nvml", "utilization_ratio", "GPU"], ["nvidia-smi", "utilization_ratio", "GPU"]],
  },
  {
    title: "GPU power",
    yTitle: "W",
    fields: [["nvml", "power_watts", "GPU"], ["nvidia-smi", "power_watts", "GPU"]],
  },
  {
    title: "Processor time",
    yTitle: "processors busy",
    format: ".2~f",
    fields: [
      ["cpu", "user_seconds", "user"],
      ["cpu", "system_seconds", "system"],
      ["cpu", "iowait_seconds", "waiting for I/O"],
    ],
  },
  {
    title: "Tasks stalled (pressure)",
    yTitle: "share of time",
    format: ".0%",
    fields: [["pressure", "some_stall_seconds", "some"], ["pressure", "full_stall_seconds", "all"]],
  },
  {
    title: "Memory",
    yTitle: "bytes",
    fields: [
      ["memory", "page_cache_bytes", "page cache"],
      ["memory", "dirty_bytes", "dirty"],
      ["memory", "writeback_bytes", "being written"],
    ],
  },
];

function rowsOf(line: RecordedLine, label: string) {
  const isCounter = line.series.type === "counter";
  const { seconds, rate } = ratesOf(line.timeNs, line.value);
  const x = isCounter ? seconds : Array.from(line.timeNs, (t) => t / 1e9);
  const y = isCounter ? rate : Array.from(line.value, (v) => Number.isNaN(v) ? null : v);
  const thin = downsampleMinMax(x, y, POINTS);
  return thin.x.map((t, i) => ({ x: t, y: thin.y[i], series: label }));
}

/** Whether a line says anything: some value differs from zero. */
function speaks(rows: readonly { y: number | null }[]): boolean {
  return rows.some((r) => r.y !== null && r.y !== 0);
}

async function counterCharts(item: RunItem, draw: DrawChart): Promise<Html[]> {
  const figures: Html[] = [];
  for (const spec of CHARTS) {
    const matching = spec.fields.flatMap(([source, field, label]) =>
      item.lines.filter((l) => l.series.source === source && l.series.field === field)
        .map((line) => ({ line, label: nameLine(item, line, label) }))
    );
    const lines = matching.map(({ line, label }) => rowsOf(line, label)).filter(speaks).slice(0, 6);
    if (lines.length === 0) continue;
    figures.push(
      await draw("lines", {
        title: spec.title,
        rows: lines.flat(),
        options: {
          xTitle: "seconds from the start",
          yTitle: spec.yTitle,
          ...(spec.format === undefined ? {} : { format: spec.format }),
        },
      }),
    );
  }
  return figures;
}

/** The device stands in the label only where there are several. */
function nameLine(item: RunItem, line: RecordedLine, label: string): string {
  const twins = item.lines.filter((l) =>
    l.series.source === line.series.source && l.series.field === line.series.field
  );
  return twins.length > 1 ? `${line.series.device} ${label}` : label;
}

function sources(item: RunItem): Html {
  return markup`<h3>Sources</h3>
    <div class="scroll" tabindex="0" role="group" aria-label="Sources">
      <table>
        <caption>What was sampled, and why something was not</caption>
        <thead>
          <tr>
            <th scope="col">source</th>
            <th scope="col">status</th>
            <th scope="col" class="n">samples</th>
            <th scope="col">reason</th>
          </tr>
        </thead>
        <tbody>${
    item.record.sources.map((s) =>
      markup`
            <tr>
              <td>${s.name}</td>
              <td>${s.status}</td>
              <td class="n">${s.samples}</td>
              <td>${s.reason ?? ""}</td>
            </tr>
          `
    )
  }</tbody>
      </table>
    </div>`;
}

function ledger(item: RunItem): Html | null {
  const rows = item.record.ledger.filter((l) => l.delta !== 0);
  if (rows.length === 0) return null;
  return markup`<details>
      <summary>Ledger: counters before and after</summary>
      <div class="scroll" tabindex="0" role="group" aria-label="Ledger">
        <table>
          <caption>Counters before and after the run <span class="tag measured">measured</span></caption>
          <thead>
            <tr>
              <th scope="col">source</th>
              <th scope="col">device</th>
              <th scope="col">field</th>
              <th scope="col" class="n">before</th>
              <th scope="col" class="n">after</th>
              <th scope="col" class="n">difference</th>
            </tr>
          </thead>
          <tbody>${
    rows.map((l) =>
      markup`
              <tr>
                <td>${l.source}</td>
                <td>${l.device}</td>
                <td>${l.field}</td>
                <td class="n">${l.before ?? "-"}</td>
                <td class="n">${l.after ?? "-"}</td>
                <td class="n">${l.delta ?? l.reason ?? "unknown"}</td>
              </tr>
            `
    )
  }</tbody>
        </table>
      </div>
    </details>`;
}

/** The section of a recording. */
export async function runSection(item: RunItem, draw: DrawChart): Promise<Html> {
  const { record } = item;
  const metrics = Object.entries(record.metrics);
  const { recorder } = record;
  return markup`<section id="${item.id}"><h2>Recording ${record.name} <span class="quiet">(${item.id})</span></h2><p><code>${
    record.command.length === 0 ? "no command" : record.command.join(" ")
  }</code></p><p>${
    formatSeconds(
      record.durationNs / 1e9,
    )
  } at every ${formatSeconds(record.intervalNs / 1e9)}, ${record.status}${
    record.statusReason === null ? "" : ` (${record.statusReason})`
  }. The recorder itself took ${
    formatSeconds(
      recorder.cpuSeconds,
    )
  } of processor time; ${String(recorder.missedTicks)} of ${
    String(
      recorder.ticks,
    )
  } ticks were missed. <span class="tag measured">measured</span></p><div class="scroll" tabindex="0" role="group" aria-label="Totals of the run"><table><caption>Totals of the run</caption><thead><tr><th scope="col">metric</th><th scope="col" class="n">value</th></tr></thead><tbody>${
    metrics
      .map(([id, m]) =>
        markup`
            <tr>
              <td>${id}</td>
              <td class="n">${metricCell(m)}</td>
            </tr>
          `
      )
  }</tbody></table></div>${await counterCharts(item, draw)}${sources(item)}${
    ledger(
      item,
    )
  }</section>`;
}
