import { counted } from "../../model/plural.ts";
import type { SampleSeries } from "../../model/trace/samples.ts";
import { type Html, markup } from "../html.ts";
import type { RecordedLine } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";
import { drawLines, type RunItem, valuesOf } from "./counter_lines.ts";

/** A page of a hundred charts is read by nobody; `query` has the rest. */
const MOST_CHARTS = 12;

/**
 * Series that exporters keep of themselves and of distributions: many, and no line over time. Names as the
 * Prometheus client libraries give them.
 */
const NOT_DRAWN = /_bucket(_le_|$)|_(created|info)$|^(go|process|python|promhttp|scrape)_/;

/** Unit of what is drawn: of the rate for counters. */
function unitOf({ type, unit }: SampleSeries): string {
  if (type === "gauge") return unit;
  if (unit === "bytes") return "bytesPerSecond";
  if (unit === "seconds") return "ratio";
  return "perSecond";
}

function changes({ value }: RecordedLine): boolean {
  let first = NaN;
  for (const v of value) {
    if (Number.isNaN(v) || v === first) continue;
    if (!Number.isNaN(first)) return true;
    first = v;
  }
  return false;
}

/**
 * Charts of sources that no chart of every machine shows (a serving engine that was scraped, RAPL, network
 * file systems): one a field that changed, gauges first, the devices as lines.
 */
export async function otherCharts(
  item: RunItem,
  known: ReadonlySet<string>,
  draw: DrawChart,
): Promise<Html[]> {
  const others = item.lines.filter((line) =>
    !known.has(line.series.source) && !NOT_DRAWN.test(line.series.field) && changes(line)
  );
  const fields = Object.values(
    Object.groupBy(others, ({ series: { source, field, type } }) => `${source}\0${field}\0${type}`),
  ) as RecordedLine[][];
  const typeOf = (type: SampleSeries["type"]) =>
    fields.filter(([line]) => line.series.type === type);
  const ordered = [...typeOf("gauge"), ...typeOf("counter")];
  const shown = ordered.slice(0, MOST_CHARTS);
  const left = ordered.length - shown.length;
  const figures: Html[] = [];
  for (const lines of shown) {
    const { series } = lines[0];
    const chart = {
      title: `${series.source}: ${series.field}`,
      yTitle: series.type === "counter" ? "growth" : "value",
      unit: unitOf(series),
    };
    figures.push(
      await drawLines(item, draw, chart, lines.map((line) => valuesOf(line, labelOf(line)))),
    );
  }
  if (left > 0) {
    figures.push(
      markup`<p class="quiet">${
        counted(left, "more field")
      } of these sources changed; "spillway query" has them in v_sample.</p>`,
    );
  }
  return figures;
}

function labelOf({ series }: RecordedLine): string {
  return series.device === "" ? series.field : series.device;
}
