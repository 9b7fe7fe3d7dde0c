import { openDatabase, type OpenMode } from "./database.ts";
import { readDocument, saveDocument } from "./documents.ts";
import { writingError } from "./errors.ts";
import { type Migration, MIGRATIONS, VIEWS } from "./migrations.ts";
import { findEntry, listEntries, type StoredEntry } from "./names.ts";
import { copyToParquet, describeViews, lockDown, runQuery, streamQuery } from "./query.ts";
import { readRun, readSamples, saveRun } from "./runs.ts";
import type { Entry, Store } from "./store.ts";
import { readTrace, saveTrace } from "./traces.ts";

export interface OpenStoreOptions {
  /** `create` makes the file when it is missing; `write` and `read` want it to be there. */
  readonly mode: OpenMode;
  /** Steps of the schema; tests pass their own. */
  readonly migrations?: readonly Migration[];
  /** SQL that makes the documented views; tests pass their own. */
  readonly views?: string;
}

function withoutKey({ id, kind, name, createdAt, summary }: StoredEntry): Entry {
  return { id, kind, name, createdAt, summary };
}

/**
 * Opens a store. Only this function loads DuckDB (about 100 ms).
 *
 * @throws {SpillwayError} data error when the file is no store, is damaged or newer than this tool;
 * environment error when it is locked by another process or cannot be written.
 */
export async function openStore(path: string, options: OpenStoreOptions): Promise<Store> {
  const database = await openDatabase(
    path,
    options.mode,
    options.migrations ?? MIGRATIONS,
    options.views ?? VIEWS,
  );
  const { connection, instance } = database;
  let locked = false;

  async function transaction<T>(work: () => Promise<T>): Promise<T> {
    await connection.run("BEGIN TRANSACTION");
    try {
      const result = await work();
      await connection.run("COMMIT");
      return result;
    } catch (error) {
      try {
        await connection.run("ROLLBACK");
      } catch {
        // DuckDB has rolled back by itself: the first error is the one to tell.
      }
      throw writingError(path, error);
    }
  }

  return {
    path,
    saveRun: (run, series, samples, reasons) =>
      transaction(() => saveRun(connection, run, series, samples, reasons)),
    run: (idOrName) => readRun(connection, path, idOrName),
    samples: (id, filter) => readSamples(connection, path, id, filter),
    saveTrace: (trace, name) => transaction(() => saveTrace(connection, trace, name)),
    trace: (idOrName) => readTrace(connection, () => instance.connect(), path, idOrName),
    saveDocument: (kind, name, document, settings) =>
      transaction(() => saveDocument(connection, kind, name, document, settings?.replace ?? false)),
    document: (kind, idOrName) => readDocument(connection, path, kind, idOrName),
    list: async (kind) => (await listEntries(connection, kind)).map(withoutKey),
    find: async (idOrName) => withoutKey(await findEntry(connection, path, idOrName)),
    query: async (sql) => {
      if (!locked && options.mode === "read") {
        await lockDown(connection);
        locked = true;
      }
      return await runQuery(connection, sql);
    },
    views: () => describeViews(connection),
    stream: (sql) => streamQuery(connection, sql),
    exportParquet: (sql, file) => copyToParquet(connection, sql, file),
    close: () => {
      database.close();
      return Promise.resolve();
    },
  };
}
