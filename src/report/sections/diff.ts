import { formatRatio } from "../../model/units.ts";
import { type Metrics, unknownMetric } from "../../model/metric.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import { metricCell } from "../evidence_tag.ts";
import { type Html, markup } from "../html.ts";
import type { ReportItem } from "../input.ts";
import { metricLabel } from "../labels.ts";
import { whyUnknown } from "../why_unknown.ts";
import { type DiffRow, diffRows, type MetricRow, titleOf } from "../rows.ts";
import { metricName, table } from "../table.ts";

function cell(row: MetricRow | null): Html {
  if (row === null) return metricCell(undefined);
  const { value, unit, evidence } = row;
  return metricCell({
    value,
    unit,
    evidence,
    ...(row.low === null ? {} : { low: row.low }),
    ...(row.high === null ? {} : { high: row.high }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  });
}

/** The change in words and colour: better or worse by the metric's own direction. */
function change(row: DiffRow): Html {
  if (row.delta === null) return markup`-`;
  const better = metricDefinition(row.metric)?.better ?? "none";
  const word = better === "none" || row.delta === 0
    ? ""
    : (row.delta < 0) === (better === "lower")
    ? "better"
    : "worse";
  const sign = row.delta > 0 ? "+" : "";
  return markup`<span class="change ${word}">${sign}${
    formatRatio(Number(row.delta.toPrecision(3)))
  } ${word}</span>`;
}

function sideOf(rows: readonly DiffRow[], side: "a" | "b"): Metrics {
  return Object.fromEntries(
    rows.flatMap((r) => {
      const own = r[side];
      if (own === null || own.value !== null) return [];
      return [[
        r.metric,
        unknownMetric(own.unit, own.evidence, own.reason ?? "no reason was kept"),
      ]];
    }),
  );
}

/** What differs between two items; what is the same is only counted. */
export function diffSection(a: ReportItem, b: ReportItem): Html {
  const rows = diffRows(a, b);
  const changed = rows.filter((r) => r.a?.value !== r.b?.value);
  const several = new Set(changed.map((r) => r.subject)).size > 1;
  return markup`<section id="diff"><h2><span class="kind">Difference</span> ${a.id} to ${b.id}</h2><p>${
    titleOf(a)
  } against ${titleOf(b)}: ${String(changed.length)} of ${
    String(rows.length)
  } numbers differ. A difference between single measured runs may be noise; <code>spillway gate --a CMD --b CMD</code> tells.</p>${
    table(
      "Numbers that differ",
      [
        { title: "Metric" },
        ...(several ? [{ title: "Of" }] : []),
        { title: a.id, numeric: true },
        { title: b.id, numeric: true },
        { title: "Change", numeric: true },
      ],
      changed.map((r) => [
        metricName(metricLabel(r.metric), r.metric),
        ...(several ? [r.subject] : []),
        cell(r.a),
        cell(r.b),
        change(r),
      ]),
    )
  }${
    whyUnknown(changed.map((r) => r.metric), [sideOf(changed, "a"), sideOf(changed, "b")])
  }</section>`;
}
