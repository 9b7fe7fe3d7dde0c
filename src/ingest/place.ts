import { dataError, messageOf, SpillwayError } from "../model/errors.ts";
import { PlaceError } from "../parse/place_error.ts";

/** The data error of something that stands at a line and column of an input. */
export function placeError(
  label: string,
  line: number,
  column: number,
  message: string,
  hint?: string,
): SpillwayError {
  return dataError(
    `${label}:${line}:${column}: ${message}`,
    hint ?? "correct the line, or cut the file there and import what is before it",
  );
}

/** Runs a parser and gives its {@link PlaceError} the input's name. */
export async function withPlaces<T>(label: string, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PlaceError) {
      throw placeError(label, error.line, error.column, error.message, error.hint);
    }
    if (error instanceof SpillwayError) throw error;
    const code = (error as { code?: string }).code ?? "";
    if (
      code.startsWith("Z_") ||
      /incorrect header|unexpected end of file|zlib/i.test(messageOf(error))
    ) {
      throw dataError(
        `${label}: the gzip stream is damaged or truncated (${messageOf(error)})`,
        "fetch the file again",
        { cause: error },
      );
    }
    throw error;
  }
}
