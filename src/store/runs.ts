import type { DuckDBConnection } from "@duckdb/node-api";
import type { RunRecord } from "../model/results.ts";
import type { SampleColumns, SampleSeries } from "../model/trace/samples.ts";
import { formatSeconds } from "../model/units.ts";
import { withBulk } from "./bulk.ts";
import { gather } from "./columns/codec.ts";
import { sampleCodec } from "./columns/others.ts";
import { entryDocument } from "./documents.ts";
import { insertMetrics } from "./metrics.ts";
import { findEntry, insertEntry } from "./names.ts";
import { insertSeries } from "./series.ts";

/** Stores a recording; the caller holds the transaction. */
export async function saveRun(
  connection: DuckDBConnection,
  run: RunRecord,
  series: readonly SampleSeries[],
  samples: AsyncIterable<SampleColumns>,
  reasons: () => readonly string[],
): Promise<string> {
  const command = run.command.length === 0 ? "no command" : run.command.join(" ");
  const summary = `${command}, ${formatSeconds(run.durationNs / 1e9)}, ${run.status}`;
  const entry = await insertEntry(connection, "run", run.name, summary, run);
  await withBulk(connection, "sample", async (append) => {
    let row = 0;
    for await (const batch of samples) {
      append(sampleCodec.write(entry.key, row, batch), batch.count);
      row += batch.count;
    }
  });
  // Series and reasons may still grow while the samples are read.
  await insertSeries(connection, entry.key, series, reasons());
  await insertMetrics(connection, entry.key, 0, run.name, run.metrics);
  return entry.id;
}

export async function readRun(
  connection: DuckDBConnection,
  path: string,
  idOrName: string,
): Promise<{ id: string; record: RunRecord }> {
  const entry = await findEntry(connection, path, idOrName, "run");
  const record = await entryDocument<RunRecord>(connection, path, entry.key);
  return { id: entry.id, record: { ...record, name: entry.name } };
}

/** One line of samples. */
export interface StoredSeries {
  readonly series: SampleSeries;
  readonly timeNs: Float64Array;
  readonly value: Float64Array;
}

/** Samples of a run or of a sample trace, a line each, in time order; `filter` limits the lines. */
export async function readSamples(
  connection: DuckDBConnection,
  path: string,
  idOrName: string,
  filter: { source?: string; device?: string; field?: string } = {},
): Promise<StoredSeries[]> {
  const { key } = await findEntry(connection, path, idOrName);
  const lines = await connection.runAndReadAll(
    `SELECT series, source, device, field, unit, type FROM private.sample_series
     WHERE key = $1 AND ($2 IS NULL OR source = $2) AND ($3 IS NULL OR device = $3)
       AND ($4 IS NULL OR field = $4) ORDER BY series`,
    [key, filter.source ?? null, filter.device ?? null, filter.field ?? null],
  );
  const wanted = lines.getRows();
  const result = await connection.run(
    `SELECT series, time_ns::DOUBLE, coalesce(value, 'nan'::DOUBLE) FROM private.sample
     WHERE key = $1 AND series IN (SELECT unnest(string_split($2, ',')::UINTEGER[]))
     ORDER BY series, time_ns, rowid`,
    [key, wanted.length === 0 ? "4294967295" : wanted.map((row) => row[0]).join(",")],
  );
  const chunks = await result.fetchAllChunks();
  const number = gather(chunks, 0, Uint32Array);
  const timeNs = gather(chunks, 1, Float64Array);
  const value = gather(chunks, 2, Float64Array);
  let from = 0;
  return wanted.map(([series, source, device, field, unit, type]) => {
    while (from < number.length && number[from] < Number(series)) from++;
    let to = from;
    while (to < number.length && number[to] === Number(series)) to++;
    const line = {
      series: {
        source: String(source),
        device: String(device),
        field: String(field),
        unit: String(unit),
        type: String(type) as SampleSeries["type"],
      },
      timeNs: timeNs.subarray(from, to),
      value: value.subarray(from, to),
    };
    from = to;
    return line;
  });
}
