import { loadDuckDbBindings } from "./load_duckdb.ts";
import { ENTRY_COLUMNS } from "./entry_columns.ts";
import { SCHEMA_VERSION } from "./schema_version.ts";
import type { Entry, EntryKind } from "./store.ts";

type Bindings = Awaited<ReturnType<typeof loadDuckDbBindings>>;

/** Bytes of a string in a vector: its length, then up to 12 bytes of text or a pointer to it. */
const STRING_BYTES = 16;
const INLINE_BYTES = 12;

const QUERY = `SELECT ${ENTRY_COLUMNS}, (SELECT max(version)::VARCHAR FROM private.migration)
  FROM private.entry ORDER BY key`;
const VERSION_COLUMN = 5;

/**
 * What a store holds, oldest first, through DuckDB's C interface alone: a listing needs a few columns of
 * text, and the classes over that interface are 150 files (80 ms on start).
 *
 * Null for whatever is not plainly a filled store of this version (damaged, locked, older, newer, empty, no
 * store at all): {@link import("./open.ts").openStore} then says what is wrong or brings it up to date.
 */
export async function quickList(path: string): Promise<Entry[] | null> {
  try {
    const api = await loadDuckDbBindings();
    const config = api.create_config();
    api.set_config(config, "access_mode", "READ_ONLY");
    const database = await api.open(path, config);
    try {
      const connection = await api.connect(database);
      try {
        return entriesOf(await textRows(api, await api.query(connection, QUERY)));
      } finally {
        api.disconnect_sync(connection);
      }
    } finally {
      api.close_sync(database);
    }
  } catch {
    return null;
  }
}

function entriesOf(rows: readonly string[][]): Entry[] | null {
  if (rows.length === 0 || rows[0][VERSION_COLUMN] !== String(SCHEMA_VERSION)) return null;
  return rows.map(([id, kind, name, createdAt, summary]) => ({
    id,
    kind: kind as EntryKind,
    name,
    createdAt,
    summary,
  }));
}

/** The rows of a result whose columns are all text without NULL. */
async function textRows(
  api: Bindings,
  result: Awaited<ReturnType<Bindings["query"]>>,
): Promise<string[][]> {
  const rows: string[][] = [];
  for (;;) {
    const chunk = await api.fetch_chunk(result);
    const count = chunk === null ? 0 : api.data_chunk_get_size(chunk);
    if (chunk === null || count === 0) return rows;
    const columns = Array.from(
      { length: api.data_chunk_get_column_count(chunk) },
      (_, c) => textColumn(api, api.data_chunk_get_vector(chunk, c), count),
    );
    for (let row = 0; row < count; row++) rows.push(columns.map((column) => column[row]));
  }
}

function textColumn(
  api: Bindings,
  vector: ReturnType<Bindings["data_chunk_get_vector"]>,
  count: number,
): string[] {
  const decoder = new TextDecoder();
  const bytes = api.vector_get_data(vector, count * STRING_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, row) => {
    const at = row * STRING_BYTES;
    const length = view.getUint32(at, true);
    const text = length <= INLINE_BYTES
      ? bytes.subarray(at + 4, at + 4 + length)
      : api.get_data_from_pointer(bytes.buffer as ArrayBuffer, bytes.byteOffset + at + 8, length);
    return decoder.decode(text);
  });
}
