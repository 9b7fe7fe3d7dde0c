import type { Figure } from "../../model/figure.ts";
import type { Json } from "../../model/json.ts";
import type { Timeline } from "./task_graph.ts";

interface Span {
  readonly lane: string;
  readonly kind: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly bytes: number;
  readonly count: number;
}

/** Spans a result keeps for the export; more are joined with their neighbours. */
const MOST_SPANS = 4000;
/** Bars a picture shows. */
const MOST_BARS = 600;

/** Joins neighbours of a lane and a kind whose gap is below `gap` seconds. */
function joined(spans: readonly Span[], gap: number): Span[] {
  const open = new Map<string, Span>();
  const result: Span[] = [];
  for (const span of spans) {
    const last = open.get(span.lane);
    if (last !== undefined && last.kind === span.kind && span.start - last.end <= gap) {
      open.set(span.lane, {
        ...last,
        name: `${last.name.split(" … ")[0]} … ${span.name}`,
        end: Math.max(last.end, span.end),
        bytes: last.bytes + span.bytes,
        count: last.count + 1,
      });
      continue;
    }
    if (last !== undefined) result.push(last);
    open.set(span.lane, span);
  }
  return [...result, ...open.values()].sort((a, b) => a.start - b.start);
}

function spansOf({ tasks, start, end }: Timeline, most: number): Span[] {
  const spans = tasks.map((t, i): Span => ({
    lane: t.lane,
    kind: t.kind,
    name: t.name,
    start: start[i],
    end: end[i],
    bytes: t.bytes,
    count: 1,
  })).filter((s) => s.end > s.start).sort((a, b) => a.start - b.start);
  let kept = spans;
  const span = spans.reduce((latest, s) => Math.max(latest, s.end), 0);
  for (let gap = span * 1e-6; kept.length > most && gap > 0 && gap <= span; gap *= 8) {
    kept = joined(spans, gap);
  }
  return kept;
}

/** The lanes in reading order: by GPU, then computing before its links, the host last. */
function lanesOf(spans: readonly Span[]): string[] {
  const rank = (lane: string): string => {
    const [, gpu, what] = /^GPU (\d+) (.*)$/.exec(lane) ?? [null, "99999", lane];
    const order = ["compute", "upload", "download", "peer"].indexOf(what);
    return `${gpu.padStart(6, "0")} ${order < 0 ? 9 : order} ${what}`;
  };
  return [...new Set(spans.map((s) => s.lane))].sort((a, b) => rank(a) < rank(b) ? -1 : 1);
}

/** The time line as the export reads it: lanes, and spans `[lane, start, end, kind, name, bytes]` in seconds. */
export function timelineSpans(timeline: Timeline): Json {
  const spans = spansOf(timeline, MOST_SPANS);
  const lanes = lanesOf(spans);
  return {
    lanes,
    tasks: timeline.tasks.length,
    spans: spans.map((s) => [lanes.indexOf(s.lane), s.start, s.end, s.kind, s.name, s.bytes]),
  };
}

/** GPUs whose lanes a picture shows; a data-parallel step looks alike on all. */
const MOST_GPUS_SHOWN = 4;

/** The tasks of the first GPUs and of the host. */
function firstGpus(timeline: Timeline): Timeline {
  const keep = timeline.tasks.map((_, i) => i)
    .filter((i) => timeline.tasks[i].gpu < MOST_GPUS_SHOWN);
  return {
    ...timeline,
    tasks: keep.map((i) => timeline.tasks[i]),
    start: Float64Array.from(keep, (i) => timeline.start[i]),
    end: Float64Array.from(keep, (i) => timeline.end[i]),
  };
}

/** The time line as a picture: a bar a span, joined where they would be too thin to see. */
export function timelineFigure(timeline: Timeline): Figure {
  const spans = spansOf(firstGpus(timeline), MOST_BARS);
  const hidden = new Set(timeline.tasks.filter((t) => t.gpu >= MOST_GPUS_SHOWN).map((t) => t.gpu));
  return {
    chart: "gantt",
    title: hidden.size === 0
      ? "Time line of the step"
      : `Time line of the step (first ${MOST_GPUS_SHOWN} GPUs)`,
    rows: lanesOf(spans).flatMap((lane) =>
      spans.filter((s) => s.lane === lane).map((s) => ({
        lane,
        start: s.start,
        end: s.end,
        kind: s.kind,
        name: s.name,
        bytes: s.bytes,
      }))
    ),
    options: { xTitle: "seconds", kinds: "forward,backward,upload,download,collective,recompute" },
  };
}

/** What each link of each GPU (and the drives) carried, and for how long: bytes and busy seconds by lane. */
export function linkTraffic(
  { tasks, start, end }: Timeline,
): { lane: string; bytes: number; busySeconds: number; transfers: number }[] {
  const lanes = new Map<string, { bytes: number; busySeconds: number; transfers: number }>();
  tasks.forEach((t, i) => {
    if (t.route === undefined || t.bytes === 0) return;
    const lane = lanes.get(t.lane) ?? { bytes: 0, busySeconds: 0, transfers: 0 };
    lane.bytes += t.bytes;
    lane.busySeconds += end[i] - start[i];
    lane.transfers++;
    lanes.set(t.lane, lane);
  });
  return [...lanes].map(([lane, facts]) => ({ lane, ...facts, bytes: Math.round(facts.bytes) }))
    .sort((a, b) => a.lane < b.lane ? -1 : 1);
}
