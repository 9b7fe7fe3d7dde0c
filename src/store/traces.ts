import { counted } from "../model/plural.ts";
import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type {
  Trace,
  TraceColumns,
  TraceKind,
  TraceMeta,
  TraceStream,
} from "../model/trace/trace.ts";
import type { SampleTraceMeta } from "../model/trace/samples.ts";
import { withBulk } from "./bulk.ts";
import type { TraceCodec } from "./columns/codec.ts";
import {
  allocationCodec,
  faultCodec,
  ioCodec,
  sampleCodec,
  tensorCodec,
} from "./columns/others.ts";
import { requestCodec } from "./columns/requests.ts";
import { entryDocument } from "./documents.ts";
import { findEntry, insertEntry, nextKey } from "./names.ts";
import { insertSeries } from "./series.ts";

// Each codec takes its own kind of columns; the table is only indexed by the trace's own kind.
// deno-lint-ignore no-explicit-any
const CODECS: Readonly<Record<TraceKind, TraceCodec<any>>> = {
  requests: requestCodec,
  allocations: allocationCodec,
  faults: faultCodec,
  io: ioCodec,
  tensors: tensorCodec,
  samples: sampleCodec,
};

/** Rows of a stored trace that are read as one batch, unless their blocks are many. */
const BATCH_ROWS = 65536;
/** Items of run lists after which a batch ends: a batch stays near 10 MB. */
const BATCH_LIST_ITEMS = 262144;

/** What the store keeps of a trace besides its rows. */
interface TraceDocument {
  readonly kind: TraceKind;
  readonly format: string;
  readonly sha256: string | null;
  readonly rows: number;
  readonly meta: TraceMeta;
  readonly notes: readonly string[];
}

/** Stores a trace, whole or as a stream; the caller holds the transaction. */
export async function saveTrace(
  connection: DuckDBConnection,
  trace: Trace | TraceStream,
  name: string,
): Promise<string> {
  const codec = CODECS[trace.kind];
  const key = await nextKey(connection);
  const row = await withBulk(connection, codec.table, async (append) => {
    let row = 0;
    for await (const columns of trace.batches()) {
      append(codec.write(key, row, columns), columns.count);
      row += columns.count;
    }
    return row;
  });
  // A stream knows what it was only now.
  const { rows, sha256, meta, notes } = "finish" in trace ? trace.finish() : trace;
  if (row !== rows) throw new Error(`the trace said ${rows} rows, but gave ${row}`);
  const { kind, format } = trace;
  const document: TraceDocument = { kind, format, sha256, rows, meta, notes };
  const summary = `${kind} from ${format}, ${counted(rows, "row")}`;
  const entry = await insertEntry(connection, "trace", name, summary, document, key);
  if (kind === "samples") {
    const { series, reasons } = meta as SampleTraceMeta;
    await insertSeries(connection, key, series, reasons);
  }
  return entry.id;
}

/** A stored trace; its batches are streamed from the file, each pass anew. */
export async function readTrace(
  connection: DuckDBConnection,
  connect: () => Promise<DuckDBConnection>,
  path: string,
  idOrName: string,
): Promise<Trace & { readonly id: string }> {
  const entry = await findEntry(connection, path, idOrName, "trace");
  const document = await entryDocument<TraceDocument>(connection, path, entry.key);
  return {
    ...document,
    id: entry.id,
    name: entry.name,
    batches: () => streamBatches(connect, CODECS[document.kind], entry.key),
  };
}

async function* streamBatches(
  connect: () => Promise<DuckDBConnection>,
  codec: TraceCodec,
  key: number,
): AsyncIterable<TraceColumns> {
  const connection = await connect();
  try {
    const result = await connection.stream(codec.select, [key]);
    let chunks: DuckDBDataChunk[] = [];
    let rows = 0;
    let items = 0;
    for (;;) {
      const chunk = await result.fetchChunk();
      const ended = chunk === null || chunk.rowCount === 0;
      if (!ended) {
        chunks.push(chunk);
        rows += chunk.rowCount;
        items += listItems(chunk);
      }
      if (chunks.length > 0 && (ended || rows >= BATCH_ROWS || items >= BATCH_LIST_ITEMS)) {
        yield codec.read(chunks);
        chunks = [];
        rows = 0;
        items = 0;
      }
      if (ended) return;
    }
  } finally {
    connection.closeSync();
  }
}

function listItems(chunk: DuckDBDataChunk): number {
  let items = 0;
  for (let i = 0; i < chunk.columnCount; i++) {
    const vector = chunk.getColumnVector(i) as { childVector?: { itemCount: number } };
    items += vector.childVector?.itemCount ?? 0;
  }
  return items;
}
