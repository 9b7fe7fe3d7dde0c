import { usageError } from "../../model/errors.ts";
import type { TraceKind } from "../../model/trace/trace.ts";
import type { Entry, Store } from "../../store/store.ts";

const TRACE_VIEWS: Readonly<Record<Exclude<TraceKind, "samples">, string>> = {
  requests: "v_request",
  allocations: "v_allocation",
  faults: "v_fault",
  io: "v_io",
  tensors: "v_tensor",
};

const SAMPLES = `SELECT time_ns, source, device, field, unit, value, reason FROM v_sample
  WHERE entry_id = '$ID' ORDER BY time_ns, source, device, field`;
const METRICS = `SELECT result, result_name, metric, value, value_text, unit, evidence, low, high,
  observations, reason FROM v_metric WHERE entry_id = '$ID' ORDER BY result, metric`;

/**
 * The SELECT whose rows are an entry as a table: readings of a run, rows of a trace, metrics of a replay,
 * an estimate or an advice. The id comes from the store, so it is safe inside SQL.
 *
 * @throws {SpillwayError} usage error for what has no rows (gates, baselines, predictions).
 */
export async function rowsSql(store: Store, entry: Entry, format: string): Promise<string> {
  if (entry.kind === "run") return SAMPLES.replace("$ID", entry.id);
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
  if (kind === "samples") return SAMPLES.replace("$ID", entry.id);
  return `SELECT * EXCLUDE (trace_id) FROM ${TRACE_VIEWS[kind]}
    WHERE trace_id = '${entry.id}' ORDER BY row`;
}
