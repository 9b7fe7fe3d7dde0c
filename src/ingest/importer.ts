import type { Trace, TraceKind, TraceStream } from "../model/trace/trace.ts";

/**
 * A format: one file under `src/ingest/formats/`, exporting `format`. Detection looks at content, never
 * at the file's name.
 */
export interface Importer<K extends TraceKind = TraceKind> {
  /** Kebab-case: `mooncake`. */
  readonly name: string;
  readonly kind: K;
  readonly summary: string;
  /** Where the format is defined. */
  readonly reference: string;
  /** How sure the importer is that the content is its format, 0 to 1, from the first bytes. */
  detect(head: ImportHead): number;
  /**
   * Reads the whole input. Errors name line and column, what was found and what was expected
   * (data errors, exit code 4); nothing of a refused input is stored.
   */
  read(input: ImportInput, options?: ReadOptions): Promise<Trace<K>>;
  /** As `read`, batch by batch in constant memory, where the format allows it. */
  stream?(input: ImportInput): TraceStream<K>;
}

/** What the reader of a trace does with it. */
export interface ReadOptions {
  /**
   * The trace is replayed and then forgotten: what no replay needs may be left out to hold more of it in
   * memory. Allocations that were paired by their addresses then have none, and ids are used again.
   */
  readonly compact?: boolean;
}

/** The first bytes of an input, decompressed when it was gzip. */
export interface ImportHead {
  readonly bytes: Uint8Array;
  /** `bytes` as UTF-8, replacement characters where invalid. */
  readonly text: string;
  /** True when `bytes` is the whole input. */
  readonly complete: boolean;
}

export interface ImportInput {
  /** Shown in messages: the path as the user wrote it, or `<stdin>`. */
  readonly label: string;
  /** Path on disk when there is one (SQL importers read it with DuckDB); null for stdin. */
  readonly path: string | null;
  readonly gzip: boolean;
  /** Bytes, decompressed, in chunks; may be called more than once. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Size on disk in bytes, null for stdin. */
  readonly sizeBytes: number | null;
  /** Hex SHA-256 of the raw bytes. */
  sha256(): Promise<string>;
}
