import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBType,
  DuckDBValue,
  DuckDBVector,
} from "@duckdb/node-api";
import { loadDuckDb } from "./load_duckdb.ts";

/** Rows of a DuckDB vector. */
export const VECTOR_ROWS = 2048;

type Api = typeof import("@duckdb/node-api");
type TypedArray =
  | Float64Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | BigInt64Array;

/**
 * One column of a bulk append: its type and how rows `from..from+count` get into a vector. The vectors of
 * the DuckDB package hold their values in a typed array `items`; filling that at once is some ten times
 * faster than a call a value.
 */
export interface BulkColumn {
  /** The same in every row of the table's rows of one append: written into a reused vector only once. */
  readonly constant?: boolean;
  type(api: Api): DuckDBType;
  fill(vector: DuckDBVector, from: number, count: number, api: Api): void;
}

function itemsOf<T extends TypedArray>(vector: DuckDBVector): T {
  return (vector as unknown as { items: T }).items;
}

/** Marks the rows as NULL for which `isNull` holds. Bits are set at once: a call a row is ten times slower. */
function markNulls(vector: DuckDBVector, count: number, isNull: (row: number) => boolean): void {
  let words: Uint32Array | null = null;
  for (let row = 0; row < count; row++) {
    if (!isNull(row)) continue;
    words ??= new Uint32Array(2 * Math.ceil(count / 64)).fill(0xffffffff);
    words[row >>> 5] &= ~(1 << (row & 31));
  }
  const validity = (vector as unknown as { validity: { data: BigUint64Array | null } }).validity;
  if (words !== null) validity.data = new BigUint64Array(words.buffer);
  // A vector that is used again may still hold the NULLs of the rows before.
  else validity.data?.fill(0xffffffffffffffffn);
}

/** The same integer in every row. */
export function constantColumn(value: number): BulkColumn {
  return {
    constant: true,
    type: (api) => api.INTEGER,
    fill: (vector) => void itemsOf<Int32Array>(vector).fill(value),
  };
}

/** 0, 1, 2, ... from `start` on. */
export function rowNumberColumn(start: number): BulkColumn {
  return {
    type: (api) => api.INTEGER,
    fill: (vector, from, count) => {
      const items = itemsOf<Int32Array>(vector);
      for (let i = 0; i < count; i++) items[i] = start + from + i;
    },
  };
}

/** Signed integers; negative values become NULL when `negativeIsNull`. */
export function int32Column(values: Int32Array, negativeIsNull: boolean): BulkColumn {
  return {
    type: (api) => api.INTEGER,
    fill: (vector, from, count) => {
      itemsOf<Int32Array>(vector).set(values.subarray(from, from + count));
      if (!negativeIsNull) return;
      markNulls(vector, count, (i) => values[from + i] < 0);
    },
  };
}

export function uint32Column(values: Uint32Array): BulkColumn {
  return {
    type: (api) => api.UINTEGER,
    fill: (vector, from, count) =>
      itemsOf<Uint32Array>(vector).set(values.subarray(from, from + count)),
  };
}

export function uint8Column(values: Uint8Array): BulkColumn {
  return {
    type: (api) => api.UTINYINT,
    fill: (vector, from, count) =>
      itemsOf<Uint8Array>(vector).set(values.subarray(from, from + count)),
  };
}

/** Doubles; NaN becomes NULL. */
export function doubleColumn(values: Float64Array | Uint32Array): BulkColumn {
  return {
    type: (api) => api.DOUBLE,
    fill: (vector, from, count) => {
      itemsOf<Float64Array>(vector).set(values.subarray(from, from + count));
      markNaN(vector, values, from, count);
    },
  };
}

/** Whole numbers below 2^53 in a Float64Array, stored as BIGINT; NaN becomes NULL. */
export function wholeColumn(values: Float64Array): BulkColumn {
  return {
    type: (api) => api.BIGINT,
    fill: (vector, from, count) => {
      const items = itemsOf<BigInt64Array>(vector);
      // Two halves: BigInt(value) for each value would take most of the time of an import.
      const halves = new Int32Array(items.buffer, items.byteOffset, 2 * count);
      for (let i = 0; i < count; i++) {
        const value = values[from + i];
        const high = Math.floor(value / 4294967296);
        halves[2 * i] = value - high * 4294967296;
        halves[2 * i + 1] = high;
      }
      markNaN(vector, values, from, count);
    },
  };
}

function markNaN(
  vector: DuckDBVector,
  values: Float64Array | Uint32Array,
  from: number,
  count: number,
): void {
  markNulls(vector, count, (i) => values[from + i] !== values[from + i]);
}

/** Lists of unsigned integers: row `i` is `values[offsets[i] .. offsets[i + 1]]`. NULLs when null. */
export function uint32ListColumn(
  lists: { readonly offsets: Uint32Array; readonly values: Uint32Array } | null,
): BulkColumn {
  return {
    constant: lists === null,
    type: (api) => api.LIST(api.UINTEGER),
    fill: (vector, from, count, api) => {
      if (lists === null) {
        // An empty list in every row, hidden by the NULLs.
        const none = api.listValue([]);
        (vector as unknown as { itemCache: DuckDBValue[] }).itemCache = new Array(count).fill(none);
        markNulls(vector, count, () => true);
        return;
      }
      for (let i = 0; i < count; i++) {
        const list = lists.values.subarray(lists.offsets[from + i], lists.offsets[from + i + 1]);
        vector.setItem(i, api.listValue(Array.from(list)));
      }
    },
  };
}

/** Takes batch after batch of a table's rows. */
export type BulkAppend = (columns: readonly BulkColumn[], count: number) => void;

/**
 * Lets `work` append rows to a table of the schema `private`; the caller holds the transaction. When it
 * fails, rows that wait in the appender are dropped: written later, they would miss the rollback.
 */
export async function withBulk<T>(
  connection: DuckDBConnection,
  table: string,
  work: (append: BulkAppend) => Promise<T>,
): Promise<T> {
  const api = await loadDuckDb();
  const appender = await connection.createAppender(table, "private");
  let types: DuckDBType[] | null = null;
  // Full chunks are filled again and again: the appender copies what it is given.
  let full: DuckDBDataChunk | null = null;
  const append: BulkAppend = (columns, count) => {
    types ??= columns.map((column) => column.type(api));
    for (let from = 0; from < count; from += VECTOR_ROWS) {
      const rows = Math.min(VECTOR_ROWS, count - from);
      const used = rows === VECTOR_ROWS && full !== null;
      const chunk = used ? full! : api.DuckDBDataChunk.create(types, rows);
      if (rows === VECTOR_ROWS) full = chunk;
      columns.forEach((column, i) => {
        if (used && column.constant) return;
        const vector = chunk.getColumnVector(i);
        column.fill(vector, from, rows, api);
        vector.flush();
      });
      appender.appendDataChunk(chunk);
    }
  };
  let result: T;
  try {
    result = await work(append);
  } catch (error) {
    appender.clear();
    appender.closeSync();
    throw error;
  }
  appender.closeSync();
  return result;
}

/** The typed array behind a column of a chunk that holds no NULL. */
export function columnItems<T extends TypedArray>(chunk: DuckDBDataChunk, index: number): T {
  return itemsOf<T>(chunk.getColumnVector(index));
}

/** The typed array behind the flat children of a list column. */
export function childItems<T extends TypedArray>(
  vector: { readonly childVector: DuckDBVector },
): T {
  return itemsOf<T>(vector.childVector);
}
