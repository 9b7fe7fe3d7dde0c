import { statSync } from "node:fs";
import { dataError, SpillwayError } from "../model/errors.ts";
import type { ReadOptions } from "../ingest/importer.ts";
import type { Trace, TraceKind } from "../model/trace/trace.ts";

export interface LoadTraceOptions extends ReadOptions {
  readonly storePath: string;
  /** The kind, or kinds, that the caller can replay. */
  readonly kind?: TraceKind | readonly TraceKind[];
  /** Name of a format, from `--format`: the argument is then a file. */
  readonly format?: string;
}

/** A trace that was asked for: from the store (with its id) or from a file (null). */
export type LoadedTrace = Trace & {
  readonly id: string | null;
  /** Gives the store back; call it when the last batch was read. */
  close(): Promise<void>;
};

function isFile(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function checkKind(trace: Trace, options: LoadTraceOptions, shown: string): void {
  if (options.kind === undefined) return;
  const kinds = typeof options.kind === "string" ? [options.kind] : options.kind;
  if (kinds.includes(trace.kind)) return;
  throw dataError(
    `${shown} is a trace of ${trace.kind} (${trace.format}), but one of ${
      kinds.join(" or ")
    } was expected`,
  );
}

async function fromFile(argument: string, options: LoadTraceOptions): Promise<LoadedTrace> {
  const { importTrace } = await import("../ingest/import_trace.ts");
  const { FORMATS } = await import("../registry/formats.ts");
  const kinds = typeof options.kind === "string" ? [options.kind] : options.kind ?? [];
  const one = kinds.length === 1 ? kinds[0] : undefined;
  const { format, compact } = options;
  const trace = await importTrace(argument, FORMATS, { format, kind: one, compact });
  checkKind(trace, options, argument);
  return { ...trace, id: null, close: () => Promise.resolve() };
}

async function fromStore(argument: string, options: LoadTraceOptions): Promise<LoadedTrace> {
  const { openStore } = await import("../store/open.ts");
  const store = await openStore(options.storePath, { mode: "read" });
  try {
    const trace = await store.trace(argument);
    checkKind(trace, options, argument);
    return { ...trace, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * The trace that T means: an id or a name in the store, else a file, which is read into memory without any
 * store; `-` is stdin. A stored trace wins over a file of the same name; `./NAME` always means the file.
 *
 * @throws {SpillwayError} data error when there is neither, or when it is of another kind.
 */
export async function loadTrace(argument: string, options: LoadTraceOptions): Promise<LoadedTrace> {
  const file = argument === "-" || isFile(argument);
  if (options.format !== undefined || argument === "-" || (file && argument.includes("/"))) {
    return await fromFile(argument, options);
  }
  const { storeExists } = await import("../store/exists.ts");
  if (!storeExists(options.storePath)) {
    if (file) return await fromFile(argument, options);
    throw dataError(
      `${argument} is no file, and there is no store ${options.storePath} that could hold it`,
      '"spillway import FILE" stores a trace; "spillway demo" makes one',
    );
  }
  try {
    return await fromStore(argument, options);
  } catch (error) {
    const unknown = error instanceof SpillwayError && error.message.includes("holds no trace");
    if (!unknown) throw error;
    if (file) return await fromFile(argument, options);
    // A name with a folder or an ending was meant as a file.
    if (!/[/.]/.test(argument)) throw error;
    throw dataError(`${argument} is no file, and ${error.message}`, error.hint);
  }
}
