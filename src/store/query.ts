import type { DuckDBConnection } from "@duckdb/node-api";
import type { Json } from "../model/json.ts";
import { loadDuckDb } from "./load_duckdb.ts";
import { checkQuery, queryError } from "./query_guard.ts";

export interface QueryResult {
  readonly columns: { name: string; type: string }[];
  readonly rows: Json[][];
}

/**
 * Locks the instance down for good: no file, no network, no extension, no setting can be reached by
 * whatever SQL follows. It cannot be undone, so a store that has answered a query only reads.
 */
export async function lockDown(connection: DuckDBConnection): Promise<void> {
  await connection.run("SET allow_community_extensions = false");
  await connection.run("SET autoinstall_known_extensions = false");
  await connection.run("SET autoload_known_extensions = false");
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
}

/** Runs one SELECT over the documented views. Integers above 2^53 come as decimal strings. */
export async function runQuery(connection: DuckDBConnection, sql: string): Promise<QueryResult> {
  await checkQuery(connection, sql);
  try {
    const reader = await connection.runAndReadAll(sql);
    const types = reader.columnTypes().map(String);
    return {
      columns: reader.columnNames().map((name, i) => ({ name, type: types[i] })),
      rows: (reader.getRowsJson() as Json[][]).map((row) =>
        row.map((value, i) => plainNumber(value, types[i]))
      ),
    };
  } catch (error) {
    throw queryError(error);
  }
}

/** A documented view with what its comments say. */
export interface ViewDescription {
  readonly name: string;
  readonly comment: string;
  readonly columns: { name: string; type: string; comment: string }[];
}

/** The documented views with their columns. */
export async function describeViews(connection: DuckDBConnection): Promise<ViewDescription[]> {
  const views = await connection.runAndReadAll(
    `SELECT view_name, coalesce(comment, '') FROM duckdb_views()
     WHERE schema_name = 'main' AND NOT internal ORDER BY view_name`,
  );
  const columns = await connection.runAndReadAll(
    `SELECT table_name, column_name, data_type, coalesce(comment, '') FROM duckdb_columns()
     WHERE schema_name = 'main' AND NOT internal ORDER BY table_name, column_index`,
  );
  const rows = columns.getRows().map((row) => row.map(String));
  return views.getRows().map(([name, comment]) => ({
    name: String(name),
    comment: String(comment),
    columns: rows.filter((row) => row[0] === name)
      .map(([, column, type, text]) => ({ name: column, type, comment: text })),
  }));
}

/**
 * The rows of one SELECT over the documented views, some thousands at a time, in constant memory. Values
 * as {@link runQuery} gives them.
 */
export async function* streamQuery(
  connection: DuckDBConnection,
  sql: string,
): AsyncGenerator<QueryResult> {
  await checkQuery(connection, sql);
  const { JsonDuckDBValueConverter } = await loadDuckDb();
  const result = await connection.stream(sql);
  const types = result.columnTypes().map(String);
  const columns = result.columnNames().map((name, i) => ({ name, type: types[i] }));
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const rows = chunk.convertRows<Json>(JsonDuckDBValueConverter) as Json[][];
    yield { columns, rows: rows.map((row) => row.map((v, i) => plainNumber(v, types[i]))) };
  }
}

/** Writes the rows of one SELECT over the documented views as a Parquet file. */
export async function copyToParquet(
  connection: DuckDBConnection,
  sql: string,
  path: string,
): Promise<void> {
  await checkQuery(connection, sql);
  const quoted = `'${path.replaceAll("'", "''")}'`;
  await connection.run(`COPY (${sql}) TO ${quoted} (FORMAT parquet, COMPRESSION zstd)`);
}

/** DuckDB's JSON gives 64-bit integers as strings; those that a double holds exactly become numbers. */
function plainNumber(value: Json, type: string): Json {
  if (typeof value === "string" && /^(U?BIGINT|U?HUGEINT)$/.test(type)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value) && type.endsWith("[]")) {
    return value.map((item) => plainNumber(item, type.slice(0, -2)));
  }
  return value;
}
