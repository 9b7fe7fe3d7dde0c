import { dataError } from "../../model/errors.ts";
import { FAULT_KINDS, type FaultColumns } from "../../model/trace/faults.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachLine, isBlank } from "../lines.ts";
import { placeError, withPlaces } from "../place.ts";

const LINE = /^\s*(\d+)\s*,\s*(add|remove)\s*,\s*([^,\s]+)\s*$/;
const ADDED = FAULT_KINDS.indexOf("node_added");
const PREEMPTED = FAULT_KINDS.indexOf("preemption");

function detect(head: ImportHead): number {
  const lines = head.text.split("\n").filter((line) => line.trim() !== "");
  if (!head.complete) lines.pop();
  const first = lines.slice(0, 20);
  if (first.length === 0) return 0;
  return first.every((line) => LINE.test(line)) ? 0.97 : LINE.test(first[0]) ? 0.6 : 0;
}

async function read(input: ImportInput) {
  const nodes = new Map<string, number>();
  const rows: { at: number; kind: number; node: number }[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const present = new Set<number>();
  await withPlaces(input.label, () =>
    forEachLine(input, (bytes, from, to, line) => {
      if (isBlank(bytes, from, to)) return;
      let text: string;
      try {
        text = decoder.decode(bytes.subarray(from, to));
      } catch {
        throw placeError(input.label, line, 1, "the line is not valid UTF-8");
      }
      const match = LINE.exec(text);
      if (match === null) {
        throw placeError(
          input.label,
          line,
          1,
          `"${text.trim().slice(0, 40)}" is not "milliseconds,add|remove,node"`,
        );
      }
      const at = Number(match[1]) / 1000;
      if (!(at <= 1e11)) {
        throw placeError(input.label, line, 1, `time ${match[1]} ms is out of range`);
      }
      const before = rows.at(-1);
      if (before !== undefined && at < before.at) {
        throw placeError(
          input.label,
          line,
          1,
          `an event at ${at} s after one at ${before.at} s`,
          "sort the rows by time",
        );
      }
      const node = nodes.get(match[3]) ?? nodes.size;
      nodes.set(match[3], node);
      const add = match[2] === "add";
      if (add === present.has(node)) {
        throw placeError(
          input.label,
          line,
          1,
          add
            ? `node ${match[3]} is added twice`
            : `node ${match[3]} is removed but was never added`,
        );
      }
      if (add) present.add(node);
      else present.delete(node);
      rows.push({ at, kind: add ? ADDED : PREEMPTED, node });
    }));
  if (rows.length === 0) {
    throw dataError(`${input.label}: the file is empty`, "expected lines milliseconds,add,node");
  }
  const columns: FaultColumns = {
    kind: "faults",
    count: rows.length,
    startSeconds: Float64Array.from(rows, (r) => r.at),
    faultKind: Uint8Array.from(rows, (r) => r.kind),
    node: Int32Array.from(rows, (r) => r.node),
    downSeconds: new Float64Array(rows.length).fill(NaN),
  };
  const removals = rows.filter((r) => r.kind === PREEMPTED).length;
  return {
    kind: "faults" as const,
    name: input.label.replace(/^.*\//, "").replace(/\.csv(\.gz)?$/, ""),
    format: "spot-trace",
    sha256: await input.sha256(),
    rows: rows.length,
    meta: {
      nodeCount: nodes.size,
      spanSeconds: rows[rows.length - 1].at,
      nodes: [...nodes.keys()],
    },
    notes: [`${rows.length - removals} arrivals and ${removals} removals of ${nodes.size} nodes`],
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}

export const format: Importer<"faults"> = {
  name: "spot-trace",
  kind: "faults",
  summary: "spot nodes that come and go: milliseconds,add|remove,node",
  reference: "Oobleck artifact (SOSP'23) and Bamboo (NSDI'23) spot traces",
  detect,
  read,
};
