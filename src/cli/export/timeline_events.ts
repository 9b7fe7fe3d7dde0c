import type { Json } from "../../model/json.ts";
import type { PolicyResult } from "../../model/results.ts";

/** A complete event or a name of the Chrome Trace Event Format. */
export interface SpanEvent {
  readonly name: string;
  readonly ph: "M" | "X";
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: { readonly [key: string]: Json };
}

interface StoredTimeline {
  readonly lanes: readonly string[];
  readonly spans: readonly (readonly [number, number, number, string, string, number])[];
}

/** The time line that a result keeps, or null. */
function timelineOf(result: PolicyResult): StoredTimeline | null {
  const timeline = result.detail?.timeline as unknown as StoredTimeline | undefined;
  return timeline === undefined || !Array.isArray(timeline.spans) ? null : timeline;
}

/** A thread a lane and a slice a span; times become microseconds. Nothing for a result without time line. */
export function* timelineEvents(result: PolicyResult, pid: number): Generator<SpanEvent> {
  const timeline = timelineOf(result);
  if (timeline === null) return;
  for (const [i, lane] of timeline.lanes.entries()) {
    yield { name: "thread_name", ph: "M", pid, tid: i + 1, args: { name: lane } };
    yield { name: "thread_sort_index", ph: "M", pid, tid: i + 1, args: { sort_index: i + 1 } };
  }
  for (const [lane, start, end, kind, name, bytes] of timeline.spans) {
    yield {
      name,
      ph: "X",
      pid,
      tid: lane + 1,
      ts: start * 1e6,
      dur: (end - start) * 1e6,
      cat: kind,
      args: bytes > 0 ? { kind, bytes } : { kind },
    };
  }
}
