import { dataError } from "../../model/errors.ts";
import { counted } from "../../model/plural.ts";
import type { FaultKind, LoggedJob } from "../../model/trace/faults.ts";
import { expandHostlist } from "../../parse/hostlist.ts";
import { eachTextLine, type FaultEvent, traceOfEvents } from "../fault_events.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { jobViewNotes } from "../job_view.ts";
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

/** Hosts of a Slurm node list; none for a job that never got any. */
function hostsOf(list: string): string[] {
  if (list === "" || /^none/i.test(list)) return [];
  try {
    return expandHostlist(list);
  } catch {
    // A list that was cut off at its column's width: its first host still stands there.
    const bracket = /^([^[,]*)\[([^\],-]+)/.exec(list);
    return [bracket === null ? list.split(",")[0] : bracket[1] + bracket[2]];
  }
}

/** GPUs of an `AllocTRES` such as `billing=64,gres/gpu=16,node=2`; null where it names none. */
function gpusOf(tres: string): number | null {
  const match = /(?:^|,)gres\/gpu(?::[^=,]+)?=(\d+)/.exec(tres);
  return match === null ? null : Number(match[1]);
}

/** States of a job that the system ended. */
const SYSTEM_FAILURES = ["NODE_FAIL", "BOOT_FAIL"];

function secondsOf(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(text)) return null;
  const ms = Date.parse(`${text}Z`);
  return Number.isNaN(ms) ? null : ms / 1000;
}

async function read(input: ImportInput) {
  let header: string[] | null = null;
  const events: FaultEvent[] = [];
  const jobs: LoggedJob[] = [];
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
        "write it with: sacct --parsable2 --format=JobID,JobName,User,State,Start,End,NNodes,NodeList,AllocTRES",
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
    const at = secondsOf(cell("end"));
    const hosts = hostsOf(cell("nodelist"));
    const count = cell("nnodes");
    jobs.push({
      id: cell("jobid"),
      name: cell("jobname") || null,
      user: cell("user") || null,
      state,
      nodes: /^\d+$/.test(count) ? Number(count) : hosts.length || null,
      gpus: gpusOf(cell("alloctres")),
      startSeconds: secondsOf(cell("start")),
      endSeconds: at,
    });
    if (kind === undefined) return;
    if (at === null) {
      throw placeError(
        input.label,
        line,
        1,
        `end "${cell("end")}" of job ${cell("jobid")} is not a time like 2025-01-31T12:00:00`,
      );
    }
    // Slurm names the node that failed (FailedNode); else the first of the job stands for it.
    const [failed] = hostsOf(cell("failednode"));
    events.push({ at, node: failed ?? hosts[0] ?? null, kind, down: NaN });
  });
  if (header === null) throw dataError(`${input.label}: the file is empty`);
  const byState = [...states].sort(([, a], [, b]) => b - a).map(([s, n]) => `${n} ${s}`).join(", ");
  const trace = await traceOfEvents(
    input,
    "slurm-sacct",
    events,
    [
      `${counted(jobs.length, "job")}: ${byState}`,
      ...(steps === 0 ? [] : [`left out: ${counted(steps, "job step")}`]),
      ...jobViewNotes(jobs, (state) => SYSTEM_FAILURES.includes(state)),
    ],
    `${jobs.length} jobs and no failure among them`,
  );
  // Times of the jobs count from the first failure, as the trace's do.
  const first = events.reduce((least, e) => Math.min(least, e.at), Infinity);
  const since = (at: number | null) => at === null ? null : at - first;
  return {
    ...trace,
    meta: {
      ...trace.meta,
      jobs: jobs.map((job) => ({
        ...job,
        startSeconds: since(job.startSeconds),
        endSeconds: since(job.endSeconds),
      })),
    },
  };
}

export const format: Importer<"faults"> = {
  name: "slurm-sacct",
  kind: "faults",
  summary: "job ends of Slurm: sacct --parsable2 with JobID, State, End and NodeList",
  reference: "Slurm, sacct(1): job state codes",
  detect,
  read,
};
