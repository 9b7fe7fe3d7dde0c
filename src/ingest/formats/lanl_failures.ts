import { dataError } from "../../model/errors.ts";
import { counted } from "../../model/plural.ts";
import type { FaultKind } from "../../model/trace/faults.ts";
import { csvLine } from "../../parse/csv_line.ts";
import { eachTextLine, type FaultEvent, traceOfEvents } from "../fault_events.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { placeError } from "../place.ts";

const NEEDED = ["system", "nodenum", "prob started", "down time"] as const;

/** Cause columns in the order in which they decide, with the kind they mean. */
const CAUSES: readonly (readonly [column: string, kind: FaultKind])[] = [
  ["hardware", "node"],
  ["facilities", "node"],
  ["network", "network"],
  ["software", "software"],
  ["human error", "software"],
];

const encoder = new TextEncoder();

function cellsOf(text: string, line: number): string[] {
  const bytes = encoder.encode(text);
  return csvLine(bytes, 0, bytes.length, line).cells.map((cell) => cell.trim());
}

function detect(head: ImportHead): number {
  const first = (head.text.split("\n")[0] ?? "").toLowerCase();
  return NEEDED.every((name) => first.includes(name)) ? 0.98 : 0;
}

/** `6/21/2005 10:54` as seconds since 1970, local clock taken as UTC; null for anything else. */
function secondsOf(text: string): number | null {
  const match = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})$/.exec(text);
  if (match === null) return null;
  const [month, day, year, hour, minute] = match.slice(1).map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59) return null;
  return Date.UTC(year, month - 1, day, hour, minute) / 1000;
}

async function read(input: ImportInput) {
  let header: string[] | null = null;
  const events: FaultEvent[] = [];
  const systems = new Set<string>();
  let undated = 0;
  await eachTextLine(input, (text, line) => {
    const cells = cellsOf(text, line);
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
    if (cell("prob started") === "") {
      undated++;
      return;
    }
    const at = secondsOf(cell("prob started"));
    if (at === null) {
      throw placeError(
        input.label,
        line,
        1,
        `start "${cell("prob started")}" is not a time like 6/21/2005 10:54`,
      );
    }
    const minutes = cell("down time") === "" ? NaN : Number(cell("down time"));
    if (cell("down time") !== "" && !(minutes >= 0 && minutes < 1e8)) {
      throw placeError(
        input.label,
        line,
        1,
        `down time "${cell("down time")}" is not a number of minutes`,
      );
    }
    systems.add(cell("system"));
    const cause = CAUSES.find(([column]) => cell(column) !== "");
    events.push({
      at,
      node: `${cell("system")}/${cell("nodenum")}`,
      kind: cause?.[1] ?? "unknown",
      down: minutes * 60,
    });
  });
  if (header === null) throw dataError(`${input.label}: the file is empty`);
  const unknown = events.filter((e) => e.kind === "unknown").length;
  return await traceOfEvents(
    input,
    "lanl-failures",
    events,
    [
      `${
        counted(events.length, "failure")
      } of ${systems.size} systems; nodes are named system/node`,
      ...(unknown === 0 ? [] : [`${unknown} failures have no known cause`]),
      ...(undated === 0 ? [] : [`${counted(undated, "row")} without a start dropped`]),
    ],
    "no failure in the file",
  );
}

export const format: Importer<"faults"> = {
  name: "lanl-failures",
  kind: "faults",
  summary: "failures of Los Alamos clusters, 1996 to 2005 (CSV, also gzip)",
  reference: "LA-UR-05-7318; Schroeder and Gibson, DSN 2006",
  detect,
  read,
};
