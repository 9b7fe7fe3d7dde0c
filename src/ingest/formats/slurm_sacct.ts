import { dataError } from "../../model/errors.ts";
import type { FaultKind } from "../../model/trace/faults.ts";
import { eachTextLine, type FaultEvent, traceOfEvents } from "../fault_events.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { placeError } from "../place.ts";

/** Final states that count as failures. TIMEOUT and CANCELLED end a job as its user asked. */
const FAILED: Readonly<Record<string, FaultKind>> = {
  NODE_FAIL: "node",
  BOOT_FAIL: "node",
  FAILED: "software",
  OUT_OF_MEMORY: "software",
  PREEMPTED: "preemption",
};

function headerOf(line: string): string[] {
  return line.replace(/\r$/, "").split("|").map((cell) => cell.trim().toLowerCase());
}

function detect(head: ImportHead): number {
  const header = headerOf(head.text.split("\n")[0] ?? "");
  return header.includes("jobid") && header.includes("state") && header.includes("end") ? 0.98 : 0;
}

/** First host of a Slurm node list: `gpu[003-005,9],login1` gives `gpu003`. */
export function firstHost(list: string): string | null {
  const text = list.trim();
  if (text === "" || /^none/i.test(text)) return null;
  const bracket = /^([^[,]*)\[([^\],-]+)/.exec(text);
  return bracket === null ? text.split(",")[0] : bracket[1] + bracket[2];
}

function secondsOf(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(text)) return null;
  const ms = Date.parse(`${text}Z`);
  return Number.isNaN(ms) ? null : ms / 1000;
}

async function read(input: ImportInput) {
  let header: string[] | null = null;
  const events: FaultEvent[] = [];
  const states = new Map<string, number>();
  let steps = 0;
  await eachTextLine(input, (text, line) => {
    if (header === null) {
      header = headerOf(text);
      for (const name of ["jobid", "state", "end"]) {
        if (!header.includes(name)) {
          throw placeError(input.label, line, 1, `the header has no column "${name}"`);
        }
      }
      return;
    }
    // `sacct --parsable` ends each line with a bar, `--parsable2` does not.
    const cells = text.split("|");
    if (cells.length === header.length + 1 && cells.at(-1) === "") cells.pop();
    if (cells.length !== header.length) {
      throw placeError(
        input.label,
        line,
        1,
        `${cells.length} fields, but the header has ${header.length}`,
        "write it with: sacct --parsable2 --format=JobID,State,Start,End,NodeList",
      );
    }
    const cell = (name: string): string => (cells[header!.indexOf(name)] ?? "").trim();
    if (cell("jobid").includes(".")) {
      // A step of a job: its job has a row of its own.
      steps++;
      return;
    }
    const state = cell("state").split(" ")[0];
    states.set(state, (states.get(state) ?? 0) + 1);
    const kind = FAILED[state];
    if (kind === undefined) return;
    const at = secondsOf(cell("end"));
    if (at === null) {
      throw placeError(
        input.label,
        line,
        1,
        `end "${cell("end")}" of job ${cell("jobid")} is not a time like 2025-01-31T12:00:00`,
      );
    }
    events.push({ at, node: firstHost(cell("nodelist")), kind, down: NaN });
  });
  if (header === null) throw dataError(`${input.label}: the file is empty`);
  const counted = [...states].sort(([, a], [, b]) => b - a).map(([s, n]) => `${n} ${s}`).join(", ");
  const jobs = [...states.values()].reduce((sum, n) => sum + n, 0);
  return await traceOfEvents(
    input,
    "slurm-sacct",
    events,
    [
      `${jobs} jobs: ${counted}`,
      ...(steps === 0 ? [] : [`${steps} job steps were left out`]),
    ],
    `${jobs} jobs and no failure among them`,
  );
}

export const format: Importer<"faults"> = {
  name: "slurm-sacct",
  kind: "faults",
  summary: "job ends of Slurm: sacct --parsable2 with JobID, State, End and NodeList",
  reference: "Slurm, sacct(1): job state codes",
  detect,
  read,
};
