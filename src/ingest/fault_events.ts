import { dataError } from "../model/errors.ts";
import { FAULT_KINDS, type FaultColumns, type FaultKind } from "../model/trace/faults.ts";
import type { Trace } from "../model/trace/trace.ts";
import type { ImportInput } from "./importer.ts";
import { forEachLine, isBlank } from "./lines.ts";
import { placeError, withPlaces } from "./place.ts";

/** A failure as a log tells it: seconds on any clock, a node's name, what it was. */
export interface FaultEvent {
  readonly at: number;
  readonly node: string | null;
  readonly kind: FaultKind;
  /** Seconds until the node is back; NaN where unknown. */
  readonly down: number;
}

/** A line of a log with its number, decoded. */
export type LineVisitor = (text: string, line: number) => void;

/** Reads an input line by line as UTF-8. @throws data error with line and column for anything else. */
export async function eachTextLine(input: ImportInput, visit: LineVisitor): Promise<void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  await withPlaces(input.label, () =>
    forEachLine(input, (bytes, from, to, line) => {
      if (isBlank(bytes, from, to)) return;
      let text: string;
      try {
        text = decoder.decode(bytes.subarray(from, to));
      } catch {
        throw placeError(input.label, line, 1, "the line is not valid UTF-8");
      }
      visit(text.replace(/\r$/, ""), line);
    }));
}

/**
 * A trace of events that a log gives in any order: sorted by time, seconds from the first one.
 *
 * @throws data error when there is none.
 */
export async function traceOfEvents(
  input: ImportInput,
  format: string,
  events: readonly FaultEvent[],
  notes: readonly string[],
  nothing: string,
): Promise<Trace<"faults">> {
  if (events.length === 0) {
    throw dataError(`${input.label}: ${nothing}`, "nothing was stored");
  }
  const sorted = events.map((event, i) => ({ event, i }))
    .sort((a, b) => a.event.at - b.event.at || a.i - b.i).map(({ event }) => event);
  const first = sorted[0].at;
  const nodes = new Map<string, number>();
  const idOf = (name: string | null): number => {
    if (name === null) return -1;
    const id = nodes.get(name) ?? nodes.size;
    nodes.set(name, id);
    return id;
  };
  const columns: FaultColumns = {
    kind: "faults",
    count: sorted.length,
    startSeconds: Float64Array.from(sorted, (e) => e.at - first),
    faultKind: Uint8Array.from(sorted, (e) => FAULT_KINDS.indexOf(e.kind)),
    node: Int32Array.from(sorted, (e) => idOf(e.node)),
    downSeconds: Float64Array.from(sorted, (e) => e.down),
  };
  return {
    kind: "faults",
    name: input.label.replace(/^.*\//, "").replace(/(\.csv|\.log|\.txt)?(\.gz)?$/, ""),
    format,
    sha256: await input.sha256(),
    rows: sorted.length,
    meta: {
      nodeCount: null,
      spanSeconds: sorted[sorted.length - 1].at - first,
      nodes: [...nodes.keys()],
    },
    notes,
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}
