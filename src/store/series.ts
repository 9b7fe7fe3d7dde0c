import type { DuckDBConnection } from "@duckdb/node-api";
import type { SampleSeries } from "../model/trace/samples.ts";

/** Writes the series and the dictionary of reasons of an entry; the caller holds the transaction. */
export async function insertSeries(
  connection: DuckDBConnection,
  key: number,
  series: readonly SampleSeries[],
  reasons: readonly string[],
): Promise<void> {
  const lines = await connection.createAppender("sample_series", "private");
  series.forEach((s, i) => {
    lines.appendInteger(key);
    lines.appendUInteger(i);
    for (const text of [s.source, s.device, s.field, s.unit, s.type]) lines.appendVarchar(text);
    lines.endRow();
  });
  lines.closeSync();
  const texts = await connection.createAppender("sample_reason", "private");
  reasons.forEach((text, i) => {
    texts.appendInteger(key);
    texts.appendInteger(i);
    texts.appendVarchar(text);
    texts.endRow();
  });
  texts.closeSync();
}
