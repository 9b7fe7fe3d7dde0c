import { dirname, isAbsolute, join } from "node:path";
import { dataError, messageOf, usageError } from "../../model/errors.ts";
import {
  type EngineCounts,
  engineCountsSchema,
  type RunEngine,
  servingEngineConfigSchema,
} from "../../model/engine_config.ts";
import { readTextIfExists } from "../../runtime/files.ts";
import { engineOfRun } from "./validate_run.ts";

/** An engine run to validate, and where its requests are: in the store or in a file. */
export interface LoadedRun {
  readonly id: string | null;
  readonly name: string;
  readonly engine: RunEngine;
}

function parsed<T>(
  schema: {
    safeParse(
      value: unknown,
    ): {
      success: boolean;
      data?: T;
      error?: { issues: { path: PropertyKey[]; message: string }[] };
    };
  },
  value: unknown,
  where: string,
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data!;
  const [issue] = result.error!.issues;
  throw dataError(`${where}: ${[...issue.path].join(".") || "the document"}: ${issue.message}`);
}

function jsonOf(path: string): { [key: string]: unknown } {
  const text = readTextIfExists(path);
  if (text === null) throw dataError(`${path} does not exist`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(`${path}: not valid JSON: ${messageOf(error)}`);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw dataError(`${path}: expected a JSON object`);
  }
  return json as { [key: string]: unknown };
}

/** An engine run as a file: `{ "config": {...}, "counts": {...}, "requestTrace": "log.jsonl" }`. */
function runOfFile(path: string): LoadedRun {
  const json = jsonOf(path);
  const config = parsed(servingEngineConfigSchema, json.config, `${path}: config`);
  const counts = parsed(engineCountsSchema, json.counts ?? {}, `${path}: counts`);
  const { requestTrace } = json;
  if (requestTrace !== undefined && requestTrace !== null && typeof requestTrace !== "string") {
    throw dataError(`${path}: requestTrace: expected the path of a file or the name of a trace`);
  }
  // A path is meant from where the file is; a bare name is a trace of the store.
  const local = typeof requestTrace === "string" && /[./]/.test(requestTrace);
  const joined = local && !isAbsolute(requestTrace) ? join(dirname(path), requestTrace) : null;
  const trace = joined === null
    ? requestTrace ?? null
    : joined.includes("/")
    ? joined
    : `./${joined}`;
  return { id: null, name: path, engine: { config, counts, requestTrace: trace } };
}

/** A recorded run of the store, or a JSON file of an imported one. */
export async function loadRun(argument: string, storePath: string): Promise<LoadedRun> {
  if (argument.endsWith(".json") || argument.includes("/")) return runOfFile(argument);
  const { storeExists } = await import("../../store/exists.ts");
  if (!storeExists(storePath)) {
    throw dataError(
      `there is no store ${storePath} that could hold run ${argument}`,
      "record one with spillway record, or give a JSON file of an engine run",
    );
  }
  const { openStore } = await import("../../store/open.ts");
  const store = await openStore(storePath, { mode: "read" });
  try {
    const { id, record } = await store.run(argument);
    return { id, name: record.name, engine: engineOfRun(record.name, record.engine) };
  } finally {
    await store.close();
  }
}

/** The measured times to first token of a benchmark's result (`vllm bench serve --save-detailed`). */
export function countsOfBench(path: string, counts: EngineCounts): EngineCounts {
  const { ttfts, start_times: starts, errors } = jsonOf(path);
  if (!Array.isArray(ttfts) || ttfts.some((t) => typeof t !== "number")) {
    throw usageError(
      `--bench ${path}: it has no list "ttfts" of seconds`,
      "run vllm bench serve with --save-result --save-detailed",
    );
  }
  // Failed requests are not among the trace's; its order is that of the starts.
  const failed = (i: number) =>
    Array.isArray(errors) && typeof errors[i] === "string" && errors[i] !== "";
  const ended = ttfts.map((_, i) => i).filter((i) => !failed(i));
  if (Array.isArray(starts) && starts.length === ttfts.length) {
    ended.sort((a, b) => Number(starts[a]) - Number(starts[b]) || a - b);
  }
  return { ...counts, ttftSeconds: ended.map((i) => ttfts[i]).map((t) => t > 0 ? t : null) };
}
