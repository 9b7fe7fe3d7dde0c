import { dataError, type SpillwayError } from "../model/errors.ts";

/** A data error at a line of a text. */
export function lineError(what: string, line: number, message: string): SpillwayError {
  return dataError(`${what}:${line}: ${message}`);
}

/** A non-negative decimal integer, exact below 2^53; null when the text is anything else. */
export function counterOf(text: string | undefined): number | null {
  if (text === undefined || text.length === 0 || text.length > 20) return null;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return null;
  }
  return Number(text);
}

/** A finite decimal number, or null. */
export function numberOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const trimmed = text.trim();
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
}
