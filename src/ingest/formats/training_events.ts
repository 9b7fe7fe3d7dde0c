import { counted } from "../../model/plural.ts";
import { dataError } from "../../model/errors.ts";
import type { FaultKind } from "../../model/trace/faults.ts";
import { csvLine } from "../../parse/csv_line.ts";
import { eachTextLine, type FaultEvent, traceOfEvents } from "../fault_events.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { placeError } from "../place.ts";

const NEEDED = ["run", "time_local", "kind", "component"] as const;

function detect(head: ImportHead): number {
  const header = (head.text.split("\n")[0] ?? "").trim().toLowerCase().split(",");
  return NEEDED.every((name) => header.includes(name)) ? 0.98 : 0;
}

/** What a log entry means for the job; null for entries that stop nothing. */
function kindOf(kind: string, component: string): FaultKind | null {
  if (kind === "slowdown") return "straggler";
  if (kind === "divergence") return "sdc";
  if (kind === "hang") return "hang";
  if (kind !== "failure") return null;
  if (/gpu/.test(component)) return "gpu";
  if (/network|nic|ib/.test(component)) return "network";
  if (/software|filesystem|storage|cuda/.test(component)) return "software";
  return "node";
}

async function read(input: ImportInput) {
  const encoder = new TextEncoder();
  let header: string[] | null = null;
  const events: FaultEvent[] = [];
  let others = 0;
  await eachTextLine(input, (text, line) => {
    const bytes = encoder.encode(text);
    const cells = csvLine(bytes, 0, bytes.length, line).cells.map((cell) => cell.trim());
    if (header === null) {
      header = cells.map((cell) => cell.toLowerCase());
      const missing = NEEDED.find((name) => !header!.includes(name));
      if (missing !== undefined) {
        throw placeError(input.label, line, 1, `the header has no column "${missing}"`);
      }
      return;
    }
    if (cells.length !== header.length) {
      throw placeError(
        input.label,
        line,
        1,
        `${cells.length} fields, but the header has ${header.length}`,
      );
    }
    const cell = (name: string): string => cells[header!.indexOf(name)] ?? "";
    const kind = kindOf(cell("kind").toLowerCase(), cell("component").toLowerCase());
    if (kind === null) {
      others++;
      return;
    }
    const time = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$/.exec(cell("time_local"));
    const at = time === null ? NaN : Date.parse(`${time[0]}${time[1] === undefined ? "" : "Z"}`);
    if (Number.isNaN(at)) {
      throw placeError(
        input.label,
        line,
        1,
        `time "${cell("time_local")}" is not a time like 2022-05-07T20:14`,
      );
    }
    events.push({ at: at / 1000, node: cell("run"), kind, down: NaN });
  });
  if (header === null) throw dataError(`${input.label}: the file is empty`);
  const runs = new Set(events.map((e) => e.node)).size;
  return await traceOfEvents(
    input,
    "training-events",
    events,
    [
      `${counted(events.length, "event")} of ${runs} training runs; a run stands for a node`,
      ...(others === 0 ? [] : [`${others} entries that stop nothing were left out`]),
    ],
    "no failure in the file",
  );
}

export const format: Importer<"faults"> = {
  name: "training-events",
  kind: "faults",
  summary: "log book of large training runs: run, time, kind and component of each event",
  reference: "log books of OPT-175B, BLOOM and GLM-130B as collected rows",
  detect,
  read,
};
