import { boundTimeShare, isTimeShare } from "../../model/trace/time_share.ts";
import { downsampleMinMax, ratesOf } from "../downsample.ts";
import type { Html } from "../html.ts";
import type { RecordedLine, ReportItem } from "../input.ts";
import type { DrawChart } from "../render_chart.ts";

export type RunItem = Extract<ReportItem, { kind: "run" }>;

/** Points of a line in the picture, and where the page zooms into it. */
const POINTS = 400;
const FINE_POINTS = 1000;
/** Most lines that can be told apart in one chart. */
const MOST_LINES = 6;

/** A counter over time: its values, or its rates. */
export interface Line {
  readonly label: string;
  readonly x: number[];
  readonly y: (number | null)[];
}

export function valuesOf(line: RecordedLine, label: string): Line {
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
export function weight(line: Line): number {
  let sum = 0;
  for (const y of line.y) sum += Math.abs(y ?? 0);
  return sum;
}

function rowsOf(line: Line, points: number) {
  const thin = downsampleMinMax(line.x, line.y, points);
  return thin.x.map((x, i) => ({ x, y: thin.y[i], series: line.label }));
}

/** Draws lines over time with the marks of the recording; charts of one recording zoom together. */
export async function drawLines(
  item: RunItem,
  draw: DrawChart,
  chart: { readonly title: string; readonly yTitle: string; readonly unit: string },
  all: readonly Line[],
): Promise<Html> {
  const marks = item.record.marks.map((m) => ({ x: m.timeNs / 1e9, mark: m.name }));
  // Weighed once: a line may have a million points.
  const weights = new Map(all.map((line) => [line, weight(line)]));
  const largest = all.toSorted((a, b) => weights.get(b)! - weights.get(a)!).slice(0, MOST_LINES);
  const lines = all.filter((line) => largest.includes(line));
  const left = all.length - lines.length;
  return await draw("lines", {
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
  });
}
