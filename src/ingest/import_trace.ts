import { basename } from "node:path";
import { dataError, type SpillwayError, usageError } from "../model/errors.ts";
import type { Trace, TraceKind, TraceStream } from "../model/trace/trace.ts";
import type { Importer, ImportHead, ReadOptions } from "./importer.ts";
import { type OpenInput, openInput } from "./input.ts";
import { withPlaces } from "./place.ts";

/** A format as the registry lists it. */
export interface FormatChoice {
  readonly name: string;
  readonly kind: string;
  readonly load: () => Promise<Importer>;
}

export interface ImportOptions extends ReadOptions {
  /** Name of a format: detection is left out. */
  readonly format?: string;
  /** Only formats of this kind. */
  readonly kind?: TraceKind;
  /** Inputs from this size on are streamed by {@link openTrace}; 32 MiB when absent. */
  readonly largeBytes?: number;
}

/** The format that recognises the content with the greatest confidence. The file's name plays no part. */
export async function detectFormat(
  head: ImportHead,
  label: string,
  formats: readonly FormatChoice[],
  kind?: TraceKind,
): Promise<Importer> {
  const importers = await Promise.all(formats.map((format) => format.load()));
  const scored = importers.map((importer) => ({ importer, score: importer.detect(head) }))
    .filter((s) => s.score > 0)
    .sort((a, b) => b.score - a.score);
  const fits = kind === undefined ? scored : scored.filter((s) => s.importer.kind === kind);
  if (fits.length > 0) return fits[0].importer;
  const names = importers.filter((i) => kind === undefined || i.kind === kind).map((i) => i.name);
  if (scored.length > 0) {
    const other = scored[0].importer;
    throw dataError(
      `${label} is a trace of ${other.kind} (${other.name}), but one of ${kind} was expected`,
      names.length === 0 ? undefined : `formats of ${kind}: ${names.join(", ")}`,
    );
  }
  throw dataError(
    `${label} is in no format that Spillway knows`,
    names.length === 0 ? undefined : `name one with --format: ${names.join(", ")}`,
  );
}

async function namedFormat(
  name: string,
  formats: readonly FormatChoice[],
  kind: TraceKind | undefined,
): Promise<Importer> {
  const found = formats.find((format) => format.name === name);
  if (found === undefined) {
    throw usageError(
      `--format: there is no format "${name}"`,
      `formats: ${formats.map((format) => format.name).join(", ")}`,
    );
  }
  if (kind !== undefined && found.kind !== kind) {
    throw dataError(
      `--format ${name} gives a trace of ${found.kind}, but one of ${kind} was expected`,
    );
  }
  return await found.load();
}

async function chooseImporter(
  input: OpenInput,
  formats: readonly FormatChoice[],
  options: ImportOptions,
): Promise<Importer> {
  return options.format === undefined
    ? await detectFormat(await input.head(), input.label, formats, options.kind)
    : await namedFormat(options.format, formats, options.kind);
}

function noRows(label: string, kind: TraceKind, format: string): SpillwayError {
  return dataError(
    `${label} holds no row of ${kind} (read as ${format})`,
    "check that the file was written completely",
  );
}

async function readWhole(
  input: OpenInput,
  importer: Importer,
  options: ReadOptions = {},
): Promise<Trace> {
  const trace = await withPlaces(input.label, () => importer.read(input, options));
  if (trace.rows === 0) throw noRows(input.label, trace.kind, importer.name);
  return trace;
}

/**
 * Reads a file (or stdin, `-`) as a trace held in memory; nothing is stored.
 *
 * @throws {SpillwayError} data error with file, line and column when the input is not what its format says.
 */
export async function importTrace(
  argument: string,
  formats: readonly FormatChoice[],
  options: ImportOptions = {},
): Promise<Trace> {
  const input = await openInput(argument);
  try {
    const trace = await readWhole(input, await chooseImporter(input, formats, options), options);
    return { ...trace, name: traceName(argument) };
  } finally {
    await input.close();
  }
}

/** Files from this size on are streamed; smaller ones are read whole before anything is stored. */
const LARGE_BYTES = 32 * 2 ** 20;

/** A large input and its format, for whoever reads it elsewhere (on a worker). */
export interface LargeInput {
  readonly label: string;
  readonly file: string;
  readonly format: string;
  readonly kind: TraceKind;
}

/** A trace to store: whole, or a stream of a large input. `close` when it was read. */
export interface OpenTrace {
  readonly name: string;
  readonly trace: Trace | TraceStream;
  close(): Promise<void>;
}

/**
 * Opens a file (or stdin) to store it. A large input of a format that can be streamed is read while it is
 * stored, in constant memory: by `elsewhere` where given, else here.
 *
 * @throws {SpillwayError} as {@link importTrace}; of a stream, while its batches are read.
 */
export async function openTrace(
  argument: string,
  formats: readonly FormatChoice[],
  options: ImportOptions = {},
  elsewhere?: (input: LargeInput) => TraceStream,
): Promise<OpenTrace> {
  const name = traceName(argument);
  const input = await openInput(argument);
  try {
    const importer = await chooseImporter(input, formats, options);
    if (importer.stream === undefined || input.fileBytes < (options.largeBytes ?? LARGE_BYTES)) {
      return { name, trace: await readWhole(input, importer), close: () => input.close() };
    }
    const { label, file } = input;
    const stream = elsewhere === undefined
      ? importer.stream(input)
      : elsewhere({ label, file, format: importer.name, kind: importer.kind });
    return { name, trace: withRows(stream, label), close: () => input.close() };
  } catch (error) {
    await input.close();
    throw error;
  }
}

/** The stream, which fails at its end when it gave no row. */
function withRows(stream: TraceStream, label: string): TraceStream {
  async function* batches() {
    const iterator = stream.batches()[Symbol.asyncIterator]();
    for (;;) {
      const next = await withPlaces(label, () => iterator.next());
      if (next.done) break;
      yield next.value;
    }
    if (stream.finish().rows === 0) throw noRows(label, stream.kind, stream.format);
  }
  return { ...stream, batches };
}

/** The base name without the endings that say how it is packed. */
function traceName(path: string): string {
  if (path === "-") return "stdin";
  return basename(path).replace(/\.gz$/, "").replace(
    /\.(jsonl|json|csv|tsv|txt|pickle|pkl)$/,
    "",
  ) ||
    basename(path);
}
