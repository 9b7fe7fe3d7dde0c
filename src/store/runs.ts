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
  const wanted = await connection.runAndReadAll(
    `SELECT series, source, device, field, unit, type, count(time_ns)::INTEGER
     FROM private.sample_series LEFT JOIN private.sample USING (key, series)
     WHERE key = $1 AND ($2 IS NULL OR source = $2) AND ($3 IS NULL OR device = $3)
       AND ($4 IS NULL OR field = $4) GROUP BY ALL ORDER BY series`,
    [key, filter.source ?? null, filter.device ?? null, filter.field ?? null],
  );
  const lines = wanted.getRows().map((
    [series, source, device, field, unit, type, count],
  ): Filling => ({
    number: Number(series),
    series: {
      source: String(source),
      device: String(device),
      field: String(field),
      unit: String(unit),
      type: String(type) as SampleSeries["type"],
    },
    timeNs: new Float64Array(Number(count)),
    value: new Float64Array(Number(count)),
    filled: 0,
    ascends: true,
  }));
  if (lines.some((line) => line.timeNs.length > 0)) await fill(connection, key, lines);
  return lines.map(({ series, timeNs, value, ascends }) =>
    ascends ? { series, timeNs, value } : { series, ...inTimeOrder(timeNs, value) }
  );
}

/** A line on its way from the table. */
interface Filling extends StoredSeries {
  readonly number: number;
  filled: number;
  /** Whether its times came in order. */
  ascends: boolean;
}

/**
 * Reads a run's rows as they were stored, which is nearly always in time order already: sorting ten million
 * rows takes longer than all else.
 */
async function fill(connection: DuckDBConnection, key: number, lines: Filling[]): Promise<void> {
  const byNumber = new Map(lines.map((line) => [line.number, line]));
  const rows = await connection.stream(
    `SELECT series, time_ns::DOUBLE, coalesce(value, 'nan'::DOUBLE) FROM private.sample
     WHERE key = $1 AND series IN (${[...byNumber.keys()].join(", ")})`,
    [key],
  );
  for (;;) {
    const chunk = await rows.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const numbers = gather([chunk], 0, Uint32Array);
    const times = gather([chunk], 1, Float64Array);
    const values = gather([chunk], 2, Float64Array);
    for (let i = 0; i < numbers.length; i++) {
      const line = byNumber.get(numbers[i])!;
      const at = line.filled++;
      line.timeNs[at] = times[i];
      line.value[at] = values[i];
      if (at > 0 && times[i] < line.timeNs[at - 1]) line.ascends = false;
    }
  }
}

/** The samples in time order; those of one time stay as they came. */
function inTimeOrder(timeNs: Float64Array, value: Float64Array) {
  const order = Uint32Array.from(timeNs, (_, i) => i).sort((a, b) =>
    timeNs[a] - timeNs[b] || a - b
  );
  return {
    timeNs: Float64Array.from(order, (i) => timeNs[i]),
    value: Float64Array.from(order, (i) => value[i]),
  };
}
