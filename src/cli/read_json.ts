import type { z } from "zod";
import { dataError, messageOf, type SpillwayError } from "../model/errors.ts";
import { readTextIfExists } from "../runtime/files.ts";

/**
 * The JSON of a file.
 *
 * @param missing Makes the error of a file that is not there.
 * @throws data error when the text is no JSON.
 */
export function readJson(
  path: string,
  missing: (message: string) => SpillwayError = dataError,
): unknown {
  const text = readTextIfExists(path);
  if (text === null) throw missing(`${path}: the file does not exist`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw dataError(`${path}: not valid JSON: ${messageOf(error)}`);
  }
}

/** JSON that fits a schema. @throws data error naming the first place that does not. */
export function checkJson<S extends z.ZodType>(
  json: unknown,
  schema: S,
  path: string,
  hint?: string,
): z.output<S> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw dataError(`${path}: ${issue.path.join(".") || "top level"}: ${issue.message}`, hint);
}
