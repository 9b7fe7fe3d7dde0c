import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { metricLabel } from "../labels.ts";
import type { DrawChart } from "../render_chart.ts";
import { metricName, table } from "../table.ts";
import { sectionHead } from "./head.ts";

type AdviceItem = Extract<ReportItem, { kind: "advice" }>;

/** Above this many rows (points of a front) metrics stand in columns, below it rows do. */
const FEW = 6;

function numbers({ document }: AdviceItem): Html | null {
  const { subjects } = document;
  if (subjects.length === 0) return null;
  const ids = [...new Set(subjects.flatMap((s) => Object.keys(s.metrics)))];
  const caption = `${document.title}: middle value and interval`;
  if (subjects.length <= FEW) {
    return table(
      caption,
      [{ title: "Metric" }, ...subjects.map((s) => ({ title: s.name, numeric: true }))],
      ids.map((id) => [
        metricName(metricLabel(id), id),
        ...subjects.map((s) => metricCell(s.metrics[id])),
      ]),
      { class: "metrics" },
    );
  }
  return table(
    caption,
    [{ title: "Point" }, ...ids.map((id) => ({ title: metricLabel(id), numeric: true }))],
    subjects.map((s) => [s.name, ...ids.map((id) => metricCell(s.metrics[id]))]),
  );
}

function commands({ document }: AdviceItem): Html | null {
  const known = document.subjects.filter((s) => s.command !== null);
  if (known.length === 0) return null;
  return markup`<details><summary>The command that gives each row again</summary><pre tabindex="0"><code>${
    known.map((s) => `# ${s.name}\n${s.command}`).join("\n")
  }</code></pre></details>`;
}

/** The section of an advice or a life cycle: verdicts, figures, numbers, commands. */
export async function adviceSection(item: AdviceItem, draw: DrawChart): Promise<Html> {
  const { document } = item;
  const figures: Html[] = [];
  for (const { chart, title, rows, options } of document.figures) {
    figures.push(await draw(chart, { title, rows, options: options ?? {} }));
  }
  const [first, ...others] = document.verdicts;
  return markup`<section id="${item.id}">${sectionHead("Advice", document.title, item.id)}${
    first === undefined ? null : markup`<p class="verdict">${first}</p>`
  }${
    others.length === 0
      ? null
      : markup`<ul class="notes">${others.map((v) => markup`<li>${v}</li>`)}</ul>`
  }${figures}${numbers(item)}${commands(item)}${
    document.warnings.length === 0
      ? null
      : markup`<ul class="warnings">${
        document.warnings.map((w) => markup`<li><b>Warning:</b> ${w}</li>`)
      }</ul>`
  }</section>`;
}
