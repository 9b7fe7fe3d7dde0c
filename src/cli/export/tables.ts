import type { Entry, Store } from "../../store/store.ts";
import type { RunWindow } from "../window.ts";
import { csvRow } from "../csv.ts";
import { rowsSql } from "./rows.ts";

/** CSV with a header; lists are JSON in one cell. */
export async function* csvExport(
  store: Store,
  entry: Entry,
  window: RunWindow | null,
): AsyncGenerator<string> {
  let first = true;
  for await (const { columns, rows } of store.stream(await rowsSql(store, entry, "csv", window))) {
    if (first) yield csvRow(columns.map((c) => c.name));
    first = false;
    yield rows.map(csvRow).join("");
  }
}

/** What the store keeps of an entry besides its rows. */
async function documentOf(store: Store, entry: Entry, window: RunWindow | null): Promise<unknown> {
  if (entry.kind === "run") {
    const { record } = await store.run(entry.id);
    if (window === null) return record;
    const { windowedRun } = await import("../window.ts");
    return (await windowedRun(store, entry.id, record, window)).record;
  }
  if (entry.kind === "trace") {
    const { kind, format, sha256, rows, meta, notes } = await store.trace(entry.id);
    return { kind, format, sha256, rows, meta, notes };
  }
  return (await store.document(entry.kind, entry.id)).document;
}

/** One JSON document: the entry, its document and its rows, a row a line. */
export async function* jsonExport(
  store: Store,
  entry: Entry,
  window: RunWindow | null,
): AsyncGenerator<string> {
  const document = await documentOf(store, entry, window);
  yield `{\n"schema": "spillway/export/1",\n"entry": ${JSON.stringify(entry)},\n` +
    `"document": ${JSON.stringify(document)}`;
  if (entry.kind !== "gate" && entry.kind !== "baseline" && entry.kind !== "prediction") {
    let first = true;
    for await (
      const { columns, rows } of store.stream(await rowsSql(store, entry, "json", window))
    ) {
      if (first) yield `,\n"columns": ${JSON.stringify(columns)},\n"rows": [\n`;
      yield (first ? "" : ",\n") + rows.map((row) => JSON.stringify(row)).join(",\n");
      first = false;
    }
    yield first ? `,\n"columns": [],\n"rows": []` : "\n]";
  }
  yield "\n}\n";
}
