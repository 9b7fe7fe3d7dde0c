import type { DuckDBConnection } from "@duckdb/node-api";
import type { Metrics } from "../model/metric.ts";
import { loadDuckDb } from "./load_duckdb.ts";

/** Writes the rows of one result's metrics; the caller holds the transaction. */
export async function insertMetrics(
  connection: DuckDBConnection,
  key: number,
  result: number,
  resultName: string,
  metrics: Metrics,
): Promise<void> {
  const api = await loadDuckDb();
  const appender = await connection.createAppender("metric", "private");
  const double = (value: number | undefined) =>
    value === undefined ? appender.appendNull() : appender.appendDouble(value);
  const text = (value: string | undefined) =>
    value === undefined ? appender.appendNull() : appender.appendVarchar(value);
  try {
    for (const [id, m] of Object.entries(metrics)) {
      appender.appendInteger(key);
      appender.appendInteger(result);
      appender.appendVarchar(resultName);
      appender.appendVarchar(id);
      double(m.value === null ? undefined : Number(m.value));
      text(typeof m.value === "string" ? m.value : undefined);
      appender.appendVarchar(m.unit);
      appender.appendVarchar(m.evidence);
      double(m.low);
      double(m.high);
      if (m.count === undefined) appender.appendNull();
      else appender.appendValue(BigInt(Math.round(m.count)), api.BIGINT);
      text(m.reason);
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}
