import type { DuckDBConnection } from "@duckdb/node-api";
import { messageOf, usageError } from "../model/errors.ts";
import { firstLine } from "./errors.ts";

const HOW_TO_ASK = '"spillway query" lists the views, "--describe VIEW" the columns of one';

/** Table functions that read nothing outside the store. */
const HARMLESS_FUNCTIONS: ReadonlySet<string> = new Set([
  "unnest",
  "range",
  "generate_series",
  "repeat",
  "json_each",
  "json_tree",
  "summary",
]);

interface Names {
  readonly tables: { readonly schema: string; readonly name: string }[];
  readonly functions: string[];
  readonly common: Set<string>;
}

/** Everything that a syntax tree reads from, whatever it is nested in. */
function collect(node: unknown, names: Names): void {
  if (Array.isArray(node)) {
    for (const item of node) collect(item, names);
    return;
  }
  if (node === null || typeof node !== "object") return;
  const object = node as Record<string, unknown>;
  if (
    (object.type === "BASE_TABLE" || object.type === "SHOW_REF") &&
    typeof object.table_name === "string" && object.table_name !== ""
  ) {
    const schema = [object.catalog_name, object.schema_name].filter((s) => s !== "" && s != null);
    names.tables.push({ schema: schema.join("."), name: object.table_name });
  }
  if (object.type === "TABLE_FUNCTION") {
    const call = object.function as { function_name?: unknown } | undefined;
    names.functions.push(String(call?.function_name ?? "?"));
  }
  if (object.cte_map !== undefined) {
    const map = (object.cte_map as { map?: { key?: unknown }[] }).map ?? [];
    for (const item of map) names.common.add(String(item.key).toLowerCase());
  }
  if (typeof object.cte_name === "string") names.common.add(object.cte_name.toLowerCase());
  for (const value of Object.values(object)) collect(value, names);
}

/** Names of the documented views. */
export async function viewNames(connection: DuckDBConnection): Promise<string[]> {
  const result = await connection.runAndReadAll(
    "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal ORDER BY 1",
  );
  return result.getRows().map((row) => String(row[0]));
}

/**
 * Refuses what is not one SELECT over the documented views: other statements, private tables, files and
 * functions that read files. This is the first line; the locked configuration is the second.
 *
 * @throws {SpillwayError} usage error that says what was refused and what may be asked.
 */
export async function checkQuery(connection: DuckDBConnection, sql: string): Promise<void> {
  const parsed = await connection.runAndReadAll("SELECT json_serialize_sql($1::VARCHAR)", [sql]);
  // DuckDB writes a literal such as 1e400 as Infinity, which JSON lacks.
  const text = String(parsed.getRows()[0][0]).replace(/:-?(?:Infinity|NaN|inf|nan)\b/g, ":null");
  const tree = JSON.parse(text) as {
    error: boolean;
    error_type?: string;
    error_message?: string;
    statements?: unknown[];
  };
  if (tree.error) {
    const text = tree.error_message ?? "";
    if (/only select statements/i.test(text)) {
      if (/^\s*(select|with|from|values)\b/i.test(sql)) {
        throw usageError("query: one SELECT was expected, but got several statements");
      }
      const word = /^\s*(?:--[^\n]*\n\s*)*([a-z]+)/i.exec(sql)?.[1]?.toUpperCase() ?? "This";
      throw usageError(
        `query: ${word} is refused: query only reads, with SELECT over the documented views`,
        'to write a file use "spillway export"; "spillway query" without SQL lists the views',
      );
    }
    throw usageError(`query: ${firstLine(text) || "there is no SQL"}`, HOW_TO_ASK);
  }
  if (tree.statements?.length !== 1) {
    throw usageError(`query: one SELECT was expected, but got ${tree.statements?.length ?? 0}`);
  }
  const names: Names = { tables: [], functions: [], common: new Set() };
  collect(tree.statements, names);
  const views = await viewNames(connection);
  const known = new Set(views);
  for (const { schema, name } of names.tables) {
    const lower = name.toLowerCase();
    if (schema === "" && names.common.has(lower)) continue;
    if ((schema === "" || schema === "main") && known.has(lower)) continue;
    throw usageError(
      `query: ${
        JSON.stringify((schema === "" ? name : `${schema}.${name}`).replaceAll('"', ""))
      } is not a documented view`,
      `the views are ${views.join(", ")}`,
    );
  }
  const refused = names.functions.find((name) => !HARMLESS_FUNCTIONS.has(name.toLowerCase()));
  if (refused !== undefined) {
    throw usageError(
      `query: the function ${refused} is refused: query reads the documented views and no files`,
      `the views are ${views.join(", ")}`,
    );
  }
}

/** What DuckDB says of a wrong query, as a usage error. */
export function queryError(error: unknown): unknown {
  const text = messageOf(error);
  if (
    /^(binder|parser|catalog|conversion|invalid input|out of range|permission|syntax|not implemented)/i
      .test(text)
  ) {
    const [head, ...rest] = text.split("\n").filter((line) => line.trim() !== "");
    return usageError(`query: ${firstLine(head)}`, rest.join("\n  ") || HOW_TO_ASK, {
      cause: error,
    });
  }
  return error;
}
