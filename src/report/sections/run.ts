import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import type { RunRecord } from "../../model/results.ts";
import { formatNumber, formatSeconds } from "../../model/units.ts";
import { evidenceWord } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { humanWords } from "../labels.ts";
import { machineText } from "../machine.ts";
import type { DrawChart } from "../render_chart.ts";
import { facts, table } from "../table.ts";
import { sectionHead } from "./head.ts";
import { counterCharts } from "./run_counters.ts";
import { runStalls } from "./run_stalls.ts";
import { runTotals } from "./run_totals.ts";

type RunItem = Extract<ReportItem, { kind: "run" }>;

const UNITS: readonly string[] = ["bytes", "seconds", "ratio", "joules", "watts", "count"];

function sources(record: RunRecord): Html {
  return markup`<h3>Sources</h3>${
    table(
      "What was sampled, and why something was not",
      [
        { title: "Source" },
        { title: "Status" },
        { title: "Samples", numeric: true },
        { title: "Reason and remedy" },
      ],
      record.sources.map((s) => [
        s.name,
        markup`<span class="status ${s.status}">${s.status}</span>`,
        formatNumber(s.samples),
        [s.reason, s.remedy].filter((t) => t !== null).join("; "),
      ]),
      { class: "names" },
    )
  }`;
}

/** A value of the ledger in its unit, where that is one of ours. */
function inUnit(value: number | null, unit: string): string {
  if (value === null) return "-";
  return UNITS.includes(unit) ? formatInUnit(value, unit as MetricUnit) : formatNumber(value);
}

function ledger(record: RunRecord): Html | null {
  const rows = record.ledger.filter((l) => l.delta !== 0);
  if (rows.length === 0) return null;
  return markup`<details><summary>Ledger: ${
    String(rows.length)
  } counters before and after the run</summary>${
    table(
      "Counters before and after the run, measured",
      [
        { title: "Counter" },
        { title: "Device" },
        { title: "Before", numeric: true },
        { title: "After", numeric: true },
        { title: "Difference", numeric: true },
      ],
      rows.map((l) => [
        `${l.source}: ${humanWords(l.field.replace(/_(bytes|seconds)$/, ""))}`,
        l.device,
        inUnit(l.before, l.unit),
        inUnit(l.after, l.unit),
        l.delta === null ? l.reason ?? "unknown" : inUnit(l.delta, l.unit),
      ]),
    )
  }</details>`;
}

function exitText({ exit }: RunRecord): string | null {
  if (exit.signal !== null) return `ended by ${exit.signal}`;
  return exit.code === null ? null : `exit code ${exit.code}`;
}

/** The section of a recording. */
export async function runSection(item: RunItem, draw: DrawChart): Promise<Html> {
  const { record } = item;
  const { recorder } = record;
  const overhead = recorder.cpuSeconds / (record.durationNs / 1e9);
  const marks = record.marks.map((m) => `${m.name} at ${formatSeconds(m.timeNs / 1e9)}`);
  return markup`<section id="${item.id}">${sectionHead("Recording", record.name, item.id)}${
    facts([
      [
        "Command",
        record.command.length === 0 ? null : markup`<code>${record.command.join(" ")}</code>`,
      ],
      ["Machine", machineText(record.fingerprint)],
      [
        "Duration",
        markup`${formatSeconds(record.durationNs / 1e9)} at every ${
          formatSeconds(record.intervalNs / 1e9)
        } ${evidenceWord("measured")}`,
      ],
      [
        "State",
        [
          record.status + (record.statusReason === null ? "" : `: ${record.statusReason}`),
          exitText(record),
        ].filter((t) => t !== null).join(", "),
      ],
      [
        "Cost of recording",
        `${formatSeconds(recorder.cpuSeconds)} of processor time (${
          formatInUnit(Number(overhead.toPrecision(3)), "ratio")
        } of one core), ${formatNumber(recorder.missedTicks)} of ${
          formatNumber(recorder.ticks)
        } ticks missed`,
      ],
      ["Marks", marks.length === 0 ? null : marks.join(", ")],
    ])
  }${await runStalls(item, draw)}${await counterCharts(item, draw)}${runTotals(item)}${
    sources(record)
  }${ledger(record)}</section>`;
}
