import type { DuckDBDataChunk } from "@duckdb/node-api";
import type { TraceColumns, TraceKind } from "../../model/trace/trace.ts";
import type { BulkColumn } from "../bulk.ts";

/** How the batches of one kind of trace lie in their table. */
export interface TraceCodec<K extends TraceKind = TraceKind> {
  /** Table in the schema `private`. */
  readonly table: string;
  /** Columns of the table for one batch whose first row is row `row` of the trace. */
  write(key: number, row: number, columns: TraceColumns<K>): BulkColumn[];
  /** Selects the rows of the trace `$1` in order, without NULLs, in the types that `read` expects. */
  readonly select: string;
  /** Rows of up to some chunks as one batch. */
  read(chunks: readonly DuckDBDataChunk[]): TraceColumns<K>;
}

type TypedArrayType<T> = { new (length: number): T };

interface Settable {
  set(values: never, offset: number): void;
}

/** Column `index` of all chunks, end to end, in one typed array. */
export function gather<T extends Settable>(
  chunks: readonly DuckDBDataChunk[],
  index: number,
  type: TypedArrayType<T>,
): T {
  const out = new type(chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0));
  let at = 0;
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(index) as unknown as { items: never };
    out.set(vector.items, at);
    at += chunk.rowCount;
  }
  return out;
}

/** Rows over all chunks. */
export function rowsOf(chunks: readonly DuckDBDataChunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
}
