import type { DuckDBConnection } from "@duckdb/node-api";
import type { Json } from "../model/json.ts";
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
