import { usageError } from "../../model/errors.ts";
import type { TraceKind } from "../../model/trace/trace.ts";
import type { RunWindow } from "../window.ts";
import type { Entry, Store } from "../../store/store.ts";

const TRACE_VIEWS: Readonly<Record<Exclude<TraceKind, "samples">, string>> = {
  requests: "v_request",
  allocations: "v_allocation",
  faults: "v_fault",
  io: "v_io",
  tensors: "v_tensor",
};

/** Readings of a run or a trace; times count from the start of the part that is asked for. */
function samplesSql(id: string, window: RunWindow | null): string {
  const from = window === null ? 0 : Math.round(window.fromNs);
  const within = window === null
    ? ""
    : `AND time_ns BETWEEN ${from} AND ${Math.round(window.toNs)}`;
  return `SELECT ${
    from === 0 ? "time_ns" : `time_ns - ${from} AS time_ns`
  }, source, device, field, unit,
    value, reason FROM v_sample
    WHERE entry_id = '${id}' ${within} ORDER BY time_ns, source, device, field`;
}

const METRICS = `SELECT result, result_name, metric, value, value_text, unit, evidence, low, high,
  observations, reason FROM v_metric WHERE entry_id = '$ID' ORDER BY result, metric`;

/**
 * The SELECT whose rows are an entry as a table: readings of a run, rows of a trace, metrics of a replay,
 * an estimate or an advice. The id comes from the store, so it is safe inside SQL.
 *
 * @param window The part of a run; only runs have one.
 * @throws {SpillwayError} usage error for what has no rows (gates, baselines, predictions).
 */
export async function rowsSql(
  store: Store,
  entry: Entry,
  format: string,
  window: RunWindow | null = null,
): Promise<string> {
  if (entry.kind === "run") return samplesSql(entry.id, window);
  if (["replay", "estimate", "advice"].includes(entry.kind)) {
    return METRICS.replace("$ID", entry.id);
  }
  if (entry.kind !== "trace") {
    throw usageError(
      `export: a ${entry.kind} is one document without rows, so ${format} cannot hold it`,
      `spillway export ${entry.id} --format json`,
    );
  }
  const { kind } = await store.trace(entry.id);
  if (kind === "samples") return samplesSql(entry.id, null);
  return `SELECT * EXCLUDE (trace_id) FROM ${TRACE_VIEWS[kind]}
    WHERE trace_id = '${entry.id}' ORDER BY row`;
}
