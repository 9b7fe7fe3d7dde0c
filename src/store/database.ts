import { accessSync, constants, copyFileSync, existsSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { dataError, environmentError, messageOf } from "../model/errors.ts";
import { loadDuckDb } from "./load_duckdb.ts";
import { firstLine, openingError } from "./errors.ts";
import type { Migration } from "./migrations.ts";

export type OpenMode = "create" | "write" | "read";

/** An open DuckDB file with one connection. */
export interface Database {
  readonly instance: DuckDBInstance;
  readonly connection: DuckDBConnection;
  close(): void;
}

/** How long a locked file is tried again: commands that only pass by must not fail each other. */
const LOCK_PATIENCE_MS = 2000;

async function openFile(path: string, readOnly: boolean): Promise<Database> {
  const { DuckDBInstance } = await loadDuckDb();
  const deadline = Date.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      const instance = await DuckDBInstance.create(
        path,
        readOnly ? { access_mode: "READ_ONLY" } : {},
      );
      const connection = await instance.connect();
      return {
        instance,
        connection,
        close: () => {
          connection.closeSync();
          instance.closeSync();
        },
      };
    } catch (error) {
      if (!/could not set lock|conflicting lock/i.test(messageOf(error)) || Date.now() > deadline) {
        throw openingError(path, error);
      }
      await sleep(100);
    }
  }
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Refuses what can be refused without DuckDB, with a clearer sentence than DuckDB's. */
function checkPath(path: string, mode: OpenMode): void {
  const folder = dirname(resolve(path));
  if (!existsSync(path)) {
    if (mode !== "create") {
      throw dataError(
        `store ${path} does not exist`,
        '"spillway record", "spillway import" or "spillway demo" makes one; --store FILE names another',
      );
    }
    if (!existsSync(folder)) {
      throw environmentError(
        `the folder of store ${path} does not exist`,
        `make it: mkdir -p ${folder}`,
      );
    }
    if (!canWrite(folder)) {
      throw environmentError(
        `store ${path} cannot be made: its folder is read-only`,
        "use another store with --store FILE",
      );
    }
    return;
  }
  const stat = statSync(path);
  if (stat.isDirectory()) {
    throw dataError(`store ${path} is a directory, not a file`, "name a file with --store FILE");
  }
  if (stat.size === 0 && mode !== "create") {
    throw dataError(
      `store ${path} is an empty file`,
      "remove it, or name another with --store FILE",
    );
  }
  if (mode !== "read" && !(canWrite(path) && canWrite(folder))) {
    throw environmentError(
      `store ${path} cannot be written: ${canWrite(path) ? "its folder" : "the file"} is read-only`,
      "make it writable, or use another store with --store FILE",
    );
  }
}

/** The store's version; 0 for a new file, null for a DuckDB file that is no store. */
async function versionOf(connection: DuckDBConnection): Promise<number | null> {
  const tables = await connection.runAndReadAll(
    "SELECT schema_name = 'private' AND table_name = 'migration' FROM duckdb_tables()",
  );
  const rows = tables.getRows();
  if (rows.length === 0) return 0;
  if (!rows.some((row) => row[0] === true)) return null;
  const version = await connection.runAndReadAll(
    "SELECT coalesce(max(version), 0) FROM private.migration",
  );
  return Number(version.getRows()[0][0]);
}

async function migrate(
  connection: DuckDBConnection,
  from: number,
  migrations: readonly Migration[],
  views: string,
): Promise<void> {
  await connection.run("BEGIN TRANSACTION");
  try {
    for (const step of migrations.filter((m) => m.version > from)) {
      await connection.run(step.sql);
      await connection.run("INSERT INTO private.migration VALUES ($1, $2, now()::TIMESTAMP)", [
        step.version,
        step.name,
      ]);
    }
    await connection.run(views);
    await connection.run("INSERT OR REPLACE INTO private.meta VALUES ('views', $1)", [views]);
    await connection.run("COMMIT");
  } catch (error) {
    await connection.run("ROLLBACK");
    throw error;
  }
}

/** Whether the stored views are those of this version of the tool. */
async function viewsAreCurrent(connection: DuckDBConnection, views: string): Promise<boolean> {
  const stored = await connection.runAndReadAll(
    "SELECT value = $1 FROM private.meta WHERE name = 'views'",
    [views],
  );
  return stored.getRows()[0]?.[0] === true;
}

/**
 * Opens a store's file: makes it where `create` asks for it, refuses newer stores and files that are no
 * store, and brings older ones to this version after keeping a copy (`FILE.before-v2`).
 */
export async function openDatabase(
  path: string,
  mode: OpenMode,
  migrations: readonly Migration[],
  views: string,
): Promise<Database> {
  checkPath(path, mode);
  const isNew = !existsSync(path);
  try {
    return await openOrMigrate(path, mode, migrations, views);
  } catch (error) {
    // A store that could not be made (a full disk) must not stand in the way of the next attempt.
    if (isNew) { for (const file of [path, `${path}.wal`]) rmSync(file, { force: true }); }
    throw error;
  }
}

async function openOrMigrate(
  path: string,
  mode: OpenMode,
  migrations: readonly Migration[],
  views: string,
): Promise<Database> {
  const target = migrations[migrations.length - 1].version;
  const database = await openFile(path, mode === "read");
  try {
    const version = await versionOf(database.connection);
    if (version === null || (version === 0 && mode !== "create")) {
      throw dataError(
        `store ${path} is a DuckDB file, but not a Spillway store`,
        "name another with --store FILE",
      );
    }
    if (version > target) {
      throw dataError(
        `store ${path} has version ${version}, but this Spillway knows versions up to ${target}`,
        "upgrade Spillway, or use another store with --store FILE",
      );
    }
    const current = version === target && await viewsAreCurrent(database.connection, views);
    if (current) return database;
    if (mode === "read") {
      database.close();
      try {
        (await openDatabase(path, "write", migrations, views)).close();
      } catch (error) {
        // Views of another build are no reason to refuse a store that cannot be written just now.
        if (version < target) throw error;
      }
      return await openFile(path, true);
    }
    if (version === 0 || version === target) {
      await migrate(database.connection, version, migrations, views);
      return database;
    }
    await database.connection.run("CHECKPOINT");
    database.close();
    copyFileSync(path, `${path}.before-v${target}`);
    const reopened = await openFile(path, false);
    await migrate(reopened.connection, version, migrations, views);
    return reopened;
  } catch (error) {
    try {
      database.close();
    } catch {
      // Closed already: the first error is the one to tell.
    }
    if (error instanceof Error && error.name === "SpillwayError") throw error;
    throw openingError(path, new Error(firstLine(messageOf(error)), { cause: error }));
  }
}
