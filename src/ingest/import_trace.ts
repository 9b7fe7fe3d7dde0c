import { basename } from "node:path";
import { dataError, usageError } from "../model/errors.ts";
import type { Trace, TraceKind } from "../model/trace/trace.ts";
import type { Importer, ImportHead } from "./importer.ts";
import { openInput } from "./input.ts";
import { withPlaces } from "./place.ts";

/** A format as the registry lists it. */
export interface FormatChoice {
  readonly name: string;
  readonly kind: string;
  readonly load: () => Promise<Importer>;
}

export interface ImportOptions {
  /** Name of a format: detection is left out. */
  readonly format?: string;
  /** Only formats of this kind. */
  readonly kind?: TraceKind;
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
    const head = await input.head();
    const importer = options.format === undefined
      ? await detectFormat(head, input.label, formats, options.kind)
      : await namedFormat(options.format, formats, options.kind);
    const trace = await withPlaces(input.label, () => importer.read(input));
    if (trace.rows === 0) {
      throw dataError(
        `${input.label} holds no row of ${trace.kind} (read as ${importer.name})`,
        "check that the file was written completely",
      );
    }
    return { ...trace, name: argument === "-" ? "stdin" : traceName(argument) };
  } finally {
    await input.close();
  }
}

/** The base name without the endings that say how it is packed. */
function traceName(path: string): string {
  return basename(path).replace(/\.gz$/, "").replace(
    /\.(jsonl|json|csv|tsv|txt|pickle|pkl)$/,
    "",
  ) ||
    basename(path);
}
