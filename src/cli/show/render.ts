import { counted } from "../../model/plural.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import { formatNumber, formatSeconds } from "../../model/units.ts";
import type { RunRecord } from "../../model/results.ts";
import { STALL_CLASSES, type StallSummary } from "../../model/stalls.ts";
import type { Output } from "../output.ts";
import { safeText } from "../sanitize.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";
import type { Facts, Statistic } from "./trace_facts.ts";

/** `label  text` lines that wrap under their text. */
export function labelled(rows: readonly (readonly [string, string])[], width: number): string {
  const indent = Math.max(...rows.map(([label]) => label.length)) + 4;
  return rows.flatMap(([label, text]) =>
    wrapText(safeText(text), Math.max(20, width - indent)).map((line, i) =>
      (i === 0 ? `  ${label}`.padEnd(indent) : " ".repeat(indent)) + line
    )
  ).join("\n") + "\n";
}

function inUnit(value: number | null, unit: string): string {
  return value === null ? "unknown" : formatInUnit(value, unit as MetricUnit);
}

const FACT_LABELS: Readonly<Record<string, string>> = {
  spanSeconds: "span",
  outOfMemory: "out of memory",
};

/** The statistics of a trace. */
export function renderTrace(
  trace: {
    format: string;
    kind: string;
    rows: number;
    sha256: string | null;
    notes: readonly string[];
    facts: Facts;
    statistics: readonly Statistic[];
  },
  out: Output,
): string {
  const facts = Object.entries(trace.facts).filter(([, value]) => value !== null)
    .map(([name, value]): [string, string] => [
      FACT_LABELS[name] ?? name,
      name === "spanSeconds"
        ? formatSeconds(Number(value))
        : typeof value === "number"
        ? formatNumber(value)
        : String(value),
    ]);
  const lines = [labelled([
    ["kind", `${counted(trace.rows, "row")} of ${trace.kind}, read as ${trace.format}`],
    ...facts,
    ...(trace.sha256 === null ? [] : [["sha256", trace.sha256] as const]),
    ...trace.notes.map((note) => ["note", note] as const),
  ], out.width)];
  if (trace.statistics.length > 0) {
    lines.push(renderTable(
      [
        { title: "what", flexible: true },
        ...["total", "p50", "mean", "p99", "max"].map((title) => ({
          title,
          align: "right" as const,
        })),
      ],
      trace.statistics.map((s) => [
        s.name,
        ...[s.sum, s.p50, s.mean, s.p99, s.max].map((v) => inUnit(v, s.unit)),
      ]),
      out.width,
      out.style.bold,
    ));
  }
  return lines.join("\n");
}

/** One line of counters of a run, summarised. */
export interface SeriesFacts {
  readonly source: string;
  readonly device: string;
  readonly field: string;
  readonly unit: string;
  readonly type: string;
  readonly samples: number;
  readonly unknown: number;
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
}

const KNOWN_UNITS: ReadonlySet<string> = new Set([
  "bytes",
  "seconds",
  "ratio",
  "count",
  "joules",
  "watts",
  "bytesPerSecond",
  "perSecond",
]);

function reading(value: number | null, unit: string): string {
  if (value === null) return "unknown";
  return KNOWN_UNITS.has(unit) ? inUnit(value, unit) : `${formatNumber(value)} ${unit}`;
}

/** Seconds of each class with what decided them, and where to read the rules. */
function stallTable(stalls: StallSummary, out: Output): string {
  const total = Object.values(stalls.seconds).reduce((a, b) => a + b, 0);
  const rows = STALL_CLASSES.filter(({ id }) => stalls.seconds[id] > 0);
  return `${
    renderTable(
      [
        { title: "what each second was bound by", flexible: true },
        { title: "seconds", align: "right" },
        { title: "share", align: "right" },
      ],
      rows.map(({ id, title }) => [
        `${id} (${title})`,
        formatNumber(Number(stalls.seconds[id].toFixed(1))),
        total > 0 ? formatInUnit(stalls.seconds[id] / total, "ratio") : "",
      ]),
      out.width,
      out.style.bold,
    )
  }${
    labelled([
      ...stalls.rules.slice(0, 3).map(({ rule, seconds }) =>
        ["rule", `${rule}: ${formatSeconds(seconds)}`] as const
      ),
      ["more", '"spillway explain stall" tells the classes and their rules'],
    ], out.width)
  }`;
}

/** The parts of a run that its summary leaves out: ledger, lateness, gauges over time. */
export function renderRunDetail(
  run: RunRecord,
  series: readonly SeriesFacts[],
  out: Output,
): string {
  const lines: string[] = [];
  const { recorder } = run;
  lines.push(labelled([
    [
      "started",
      `${new Date(Number(run.startedUnixNs) / 1e6).toISOString()} in ${run.workingDirectory}`,
    ],
    ["command", run.command.length === 0 ? "(none)" : run.command.join(" ")],
    [
      "lateness",
      `half of the ticks at most ${
        formatSeconds(recorder.latenessP50Ns / 1e9)
      } late, 99 % at most ` +
      formatSeconds(recorder.latenessP99Ns / 1e9),
    ],
  ], out.width));
  if (run.stalls !== undefined) lines.push(stallTable(run.stalls, out));
  const changed = run.ledger.filter((l) => l.delta !== 0);
  if (changed.length > 0) {
    lines.push(renderTable(
      [
        { title: "ledger", flexible: true },
        { title: "device", flexible: true },
        { title: "before", align: "right" },
        { title: "after", align: "right" },
        { title: "added", align: "right" },
      ],
      changed.map((l) => [
        `${l.source} ${l.field}`,
        l.device,
        reading(l.before, l.unit),
        reading(l.after, l.unit),
        l.delta === null ? `unknown: ${l.reason ?? "no reason"}` : reading(l.delta, l.unit),
      ]),
      out.width,
      out.style.bold,
    ));
  }
  const gauges = series.filter((s) => s.type === "gauge" && s.mean !== null);
  if (gauges.length > 0) {
    lines.push(renderTable(
      [
        { title: "gauge", flexible: true },
        { title: "device", flexible: true },
        { title: "min", align: "right" },
        { title: "mean", align: "right" },
        { title: "max", align: "right" },
      ],
      gauges.map((s) => [
        `${s.source} ${s.field}`,
        s.device,
        reading(s.min, s.unit),
        reading(s.mean, s.unit),
        reading(s.max, s.unit),
      ]),
      out.width,
      out.style.bold,
    ));
  }
  return lines.join("\n");
}
