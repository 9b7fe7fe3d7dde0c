import { counted } from "../../model/plural.ts";
import { dataError, messageOf, usageError } from "../../model/errors.ts";
import type { Json } from "../../model/json.ts";
import type { FaultTraceMeta } from "../../model/trace/faults.ts";
import { formatSeconds, parseRate } from "../../model/units.ts";
import { parseIterationLog } from "../../parse/iteration_log.ts";
import { PlaceError } from "../../parse/place_error.ts";
import { parseTopology } from "../../parse/topology_file.ts";
import { readTextIfExists } from "../../runtime/files.ts";
import type { Trace } from "../../model/trace/trace.ts";
import type { PolicyChoice } from "../replay_params.ts";
import { type JobSpec, ownJobs } from "./own_jobs.ts";

/** The options of `replay fault` that describe the job and its cluster. */
export interface JobOptions {
  readonly topology?: string;
  readonly iterations?: string;
  readonly shared?: string;
  readonly jobs?: number;
  readonly job?: readonly JobSpec[];
}

/** Reads a text file of an option with a parser that gives places. @throws data error with the line. */
function readFile<T>(flag: string, path: string, parse: (text: string) => T): T {
  let text: string | null;
  try {
    text = readTextIfExists(path);
  } catch (error) {
    throw dataError(`${flag}: ${path} cannot be read (${messageOf(error)})`);
  }
  if (text === null) throw usageError(`${flag}: the file ${path} does not exist`);
  if (text.includes("\uFFFD")) {
    throw dataError(`${flag}: ${path} is not valid UTF-8`, "give a text file");
  }
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
    throw dataError(`${path}:${error.line}:${error.column}: ${error.message}`, error.hint);
  }
}

/** The trace with the topology of `--topology` in place of its own. */
export function withTopology(trace: Trace, options: JobOptions): Trace {
  if (options.topology === undefined) return trace;
  const nodes = readFile("--topology", options.topology, parseTopology);
  const meta = trace.meta as FaultTraceMeta;
  return {
    ...trace,
    meta: { ...meta, topology: { source: options.topology, nodes } },
    notes: [...trace.notes, `${counted(nodes.length, "node")} placed by ${options.topology}`],
  };
}

/** `fs=120GB/s` of `--shared`. @throws usage error. */
export function parseShared(text: string): { name: string; bandwidth: number } {
  const match = /^([A-Za-z][\w-]*)=(.+)$/.exec(text.trim());
  if (match === null) {
    throw usageError(`--shared: "${text}" is not NAME=BANDWIDTH, such as fs=120GB/s`);
  }
  const bandwidth = parseRate(match[2], "--shared");
  if (!(bandwidth > 0)) throw usageError(`--shared: "${text}" must be above 0`);
  return { name: match[1], bandwidth };
}

/** Jobs of the size of the chosen one that the trace's cluster holds; 1 where that is not known. */
function jobsThatFit(choice: PolicyChoice, meta: FaultTraceMeta): number {
  const { gpus, gpusPerNode } = choice.params as { gpus: number | null; gpusPerNode: number };
  const nodes = meta.topology?.nodes.length ?? meta.nodeCount ?? meta.nodes.length;
  if (gpus === null || nodes === 0) return 1;
  return Math.max(1, Math.floor(nodes / Math.ceil(gpus / gpusPerNode)));
}

type Params = Record<string, unknown>;

/** A choice with parameters that options give and not `--set`. */
function changed(
  choice: PolicyChoice,
  params: Params,
  shown: { [key: string]: Json },
): PolicyChoice {
  return {
    ...choice,
    params: { ...choice.params as Params, ...params },
    shown: { ...choice.shown, ...shown },
  };
}

/** The choices with the recorded run of `--iterations` and the shared store of `--shared` in them. */
export function withJobOptions(
  choices: readonly PolicyChoice[],
  options: JobOptions,
  trace: Trace,
): PolicyChoice[] {
  if (options.jobs !== undefined && options.shared === undefined) {
    throw usageError("--jobs: jobs meet at a shared store only", "add --shared fs=120GB/s");
  }
  if (options.jobs !== undefined && !(options.jobs >= 1)) {
    throw usageError(`--jobs: ${options.jobs} must be 1 or more`);
  }
  const own = options.job ?? [];
  if (own.length > 0 && (options.shared === undefined || options.jobs !== undefined)) {
    throw usageError(
      options.jobs !== undefined
        ? "--job describes the jobs one by one, --jobs their number: give one of them"
        : "--job: jobs meet at a shared store only",
      options.jobs !== undefined ? "count=N within a --job repeats it" : "add --shared fs=120GB/s",
    );
  }
  let result = [...choices];
  if (options.iterations !== undefined) {
    const log = readFile("--iterations", options.iterations, parseIterationLog);
    let end = 0;
    const ends = log.seconds.map((seconds) => end += seconds);
    const mean = end / ends.length;
    result = result.map((choice) =>
      changed(
        choice,
        {
          iterationEnds: ends,
          ...("idle" in choice.shown && choice.shown.idle === null && log.idleSeconds !== null
            ? { idle: log.idleSeconds }
            : {}),
          ...(choice.shown.iterationTokens === null && log.tokens !== null
            ? { iterationTokens: log.tokens }
            : {}),
        },
        {
          iterationEnds: `${options.iterations}: ${ends.length} iterations, mean ${
            formatSeconds(mean)
          }`,
          iteration: mean,
          ...(choice.shown.iterationTokens === null && log.tokens !== null
            ? { iterationTokens: log.tokens }
            : {}),
          useful: choice.shown.useful ?? end,
        },
      )
    );
  }
  if (options.shared === undefined) return result;
  const store = parseShared(options.shared);
  return result.map((choice) => {
    const each = own.length === 0 ? undefined : ownJobs(own, choice, choices);
    const jobs = each?.length ?? options.jobs ?? jobsThatFit(choice, trace.meta as FaultTraceMeta);
    const shared = { ...store, jobs, ...(each === undefined ? {} : { each }) };
    // A job alone gets all of the store unless it is said to be slower.
    const { writeBandwidth, readBandwidth } = choice.params as Record<string, number>;
    const filled = {
      shared,
      writeBandwidth: writeBandwidth || store.bandwidth,
      readBandwidth: readBandwidth || store.bandwidth,
    };
    return changed(choice, filled, JSON.parse(JSON.stringify(filled)));
  });
}
