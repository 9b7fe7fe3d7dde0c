import { formatInUnit } from "../../model/format_metric.ts";
import type { MetricUnit } from "../../model/metric.ts";
import { formatNumber, formatRatio } from "../../model/units.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { table } from "../table.ts";
import { sectionHead } from "./head.ts";

type GateItem = Extract<ReportItem, { kind: "gate" }>;

function shown(value: number | null, unit: string): string {
  if (value === null) return "-";
  return unit === "" ? formatNumber(value) : formatInUnit(value, unit as MetricUnit);
}

/** The section of a gate's verdict. */
export function gateSection({ id, name, document }: GateItem): Html {
  const against = document.baseline === null ? "" : ` against ${document.baseline}`;
  return markup`<section id="${id}">${
    sectionHead("Gate", name, id)
  }<p class="verdict"><span class="status ${document.verdict}">${document.verdict}</span> ${document.subject}${against}, exit code ${
    String(document.exitCode)
  }</p>${
    table(
      "Every rule and its finding",
      [
        { title: "Rule" },
        { title: "Status" },
        { title: "Reference", numeric: true },
        { title: "Current", numeric: true },
        { title: "Change", numeric: true },
        { title: "Why" },
      ],
      document.rules.map((r) => [
        markup`${r.name} <span class="quiet">${r.kind}</span>`,
        markup`<span class="status ${r.status}">${
          r.status === "fail" && r.level === "warn" ? "warn" : r.status
        }</span>`,
        shown(r.reference, r.unit),
        shown(r.current, r.unit),
        r.delta === null ? "-" : formatRatio(Number(r.delta.toPrecision(3))),
        r.reason,
      ]),
    )
  }</section>`;
}
