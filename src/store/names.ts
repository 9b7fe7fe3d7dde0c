import type { DuckDBConnection } from "@duckdb/node-api";
import { dataError } from "../model/errors.ts";
import { stableStringify } from "../model/json.ts";
import { ENTRY_COLUMNS } from "./entry_columns.ts";
import type { Entry, EntryKind } from "./store.ts";

/** Letters of the ids. */
export const KIND_LETTERS: Readonly<Record<EntryKind, string>> = {
  run: "r",
  trace: "t",
  replay: "p",
  estimate: "e",
  advice: "a",
  gate: "g",
  baseline: "b",
  prediction: "x",
};

const ID = /^[rtpeagbx][1-9][0-9]*$/;

/** An entry with its key, which joins the private tables. */
export interface StoredEntry extends Entry {
  readonly key: number;
}

const COLUMNS = `key, ${ENTRY_COLUMNS}`;

function toEntry(row: readonly unknown[]): StoredEntry {
  return {
    key: Number(row[0]),
    id: String(row[1]),
    kind: row[2] as EntryKind,
    name: String(row[3]),
    createdAt: String(row[4]),
    summary: String(row[5]),
  };
}

export async function listEntries(
  connection: DuckDBConnection,
  kind?: EntryKind,
): Promise<StoredEntry[]> {
  const result = kind === undefined
    ? await connection.runAndReadAll(`SELECT ${COLUMNS} FROM private.entry ORDER BY key`)
    : await connection.runAndReadAll(
      `SELECT ${COLUMNS} FROM private.entry WHERE kind = $1 ORDER BY key`,
      [kind],
    );
  return result.getRows().map(toEntry);
}

/**
 * The entry that an id or a name means: of `kind` where that is given, else the newest that has the name
 * (a replay saved with its trace under one name is newer than that trace).
 *
 * @throws {SpillwayError} data error with near names when there is none, or when it is of another kind.
 */
export async function findEntry(
  connection: DuckDBConnection,
  path: string,
  idOrName: string,
  kind?: EntryKind,
): Promise<StoredEntry> {
  const result = await connection.runAndReadAll(
    `SELECT ${COLUMNS} FROM private.entry WHERE id = $1 OR name = $1
     ORDER BY kind = $2 DESC, id = $1 DESC, key DESC LIMIT 1`,
    [idOrName, kind ?? ""],
  );
  const row = result.getRows()[0];
  if (row !== undefined) {
    const entry = toEntry(row);
    if (kind === undefined || entry.kind === kind) return entry;
    throw dataError(
      `"${idOrName}" is a ${entry.kind} (${entry.id}), but a ${kind} was expected`,
      `"spillway ls --kind ${kind}" lists those of ${path}`,
    );
  }
  const near = await connection.runAndReadAll(
    `SELECT id, name FROM private.entry WHERE $2 = '' OR kind = $2
     ORDER BY least(levenshtein(id, $1), levenshtein(name, $1)), key DESC LIMIT 3`,
    [idOrName, kind ?? ""],
  );
  const names = near.getRows().map((r) => `${r[0]} (${r[1]})`).join(", ");
  throw dataError(
    `store ${path} holds no ${kind ?? "entry"} "${idOrName}"`,
    names === ""
      ? `it holds no ${kind ?? "entry"} at all`
      : `the nearest are ${names}; "spillway ls" lists all`,
  );
}

/**
 * A name that nothing of the kind has: the one asked for, else with `~2`, `~3`, ... A name that looks
 * like an id (`r1`) would hide that id, so it gets a number too.
 */
async function uniqueName(
  connection: DuckDBConnection,
  kind: EntryKind,
  wanted: string,
): Promise<string> {
  const name = wanted.trim() === "" ? "unnamed" : wanted;
  const result = await connection.runAndReadAll(
    "SELECT name FROM private.entry WHERE kind = $2 AND (name = $1 OR starts_with(name, $1 || '~'))",
    [name, kind],
  );
  const taken = new Set(result.getRows().map((row) => String(row[0])));
  if (!taken.has(name) && !ID.test(name)) return name;
  for (let n = 2;; n++) if (!taken.has(`${name}~${n}`)) return `${name}~${n}`;
}

/** A key that no entry has; the caller holds the transaction. */
export async function nextKey(connection: DuckDBConnection): Promise<number> {
  const next = await connection.runAndReadAll(
    "SELECT coalesce(max(key), 0) + 1 FROM private.entry",
  );
  return Number(next.getRows()[0][0]);
}

/** Writes the row of a new entry and returns it; the caller holds the transaction. */
export async function insertEntry(
  connection: DuckDBConnection,
  kind: EntryKind,
  wantedName: string,
  summary: string,
  document: unknown,
  reservedKey?: number,
): Promise<{ key: number; id: string; name: string }> {
  const key = reservedKey ?? await nextKey(connection);
  const next = await connection.runAndReadAll(
    "SELECT coalesce(max(id[2:]::INTEGER), 0) + 1 FROM private.entry WHERE kind = $1",
    [kind],
  );
  const id = `${KIND_LETTERS[kind]}${next.getRows()[0][0]}`;
  const name = await uniqueName(connection, kind, wantedName);
  await connection.run(
    "INSERT INTO private.entry VALUES ($1, $2, $3, $4, $5::TIMESTAMP, $6, $7)",
    [
      key,
      id,
      kind,
      name,
      new Date().toISOString().replace("Z", ""),
      summary,
      stableStringify(document, 0),
    ],
  );
  return { key, id, name };
}
