import { STALL_CLASSES } from "../../model/stalls.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";
import { evidenceWord } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";
import { stallSentence } from "../stall_sentence.ts";
import { table } from "../table.ts";

type RunItem = Extract<ReportItem, { kind: "run" }>;

/** What each second of a recording was bound by; null for runs of releases that did not attribute. */
export async function runStalls(item: RunItem, draw: DrawChart): Promise<Html | null> {
  const { stalls, name } = item.record;
  if (stalls === undefined) return null;
  const total = Object.values(stalls.seconds).reduce((a, b) => a + b, 0);
  const seen = STALL_CLASSES.filter((c) => stalls.seconds[c.id] > 0);
  if (seen.length === 0) return null;
  const title = (id: string) => STALL_CLASSES.find((c) => c.id === id)?.title ?? id;
  // Lanes in the order of the rule, so that two recordings can be laid beside each other.
  const lanes = seen.map((c) => c.id as string);
  const rows = [...stalls.timeline]
    .sort((a, b) => lanes.indexOf(a.class) - lanes.indexOf(b.class) || a.start - b.start)
    .map((span) => ({
      lane: title(span.class),
      start: span.start,
      end: span.start + span.seconds,
      kind: title(span.class),
      name: title(span.class),
    }));
  const figure = await draw("gantt", {
    title: `What ${name} was bound by`,
    rows,
    options: { xTitle: "seconds from the start" },
  });
  return markup`<h3>Where the time went</h3><p class="verdict">${stallSentence(stalls)} ${
    evidenceWord(stalls.evidence)
  }</p>${figure}${
    table(
      "Seconds by what they were bound by, with the rule that decided and what usually helps",
      [
        { title: "Bound by" },
        { title: "Time", numeric: true },
        { title: "Share", numeric: true },
        { title: "What usually helps" },
      ],
      seen.map((c) => [
        markup`<span title="${c.rule}">${c.title}</span>`,
        formatSeconds(stalls.seconds[c.id]),
        formatRatio(Number((stalls.seconds[c.id] / total).toPrecision(3))),
        c.remedy,
      ]),
    )
  }<p class="quiet">The rule of each class: <code>spillway explain stall</code>.${
    stalls.rules.length === 0
      ? null
      : markup` What decided: ${
        stalls.rules.slice(0, 4).map((r) => `${r.rule} (${formatSeconds(r.seconds)})`).join("; ")
      }.`
  }</p>`;
}
