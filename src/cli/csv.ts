import type { Json } from "../model/json.ts";
import { safeText } from "./sanitize.ts";

/**
 * One cell of CSV (RFC 4180). A text that a spreadsheet would take for a formula (it starts with = + - @,
 * a tab or a carriage return) gets an apostrophe before it; numbers are left as they are.
 */
export function csvCell(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const plain = typeof value === "string" ? value : JSON.stringify(value);
  // Printed to a terminal, a cell must not drive it either; tabs and line ends are data of a cell.
  // deno-lint-ignore no-control-regex
  const text = plain.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, safeText);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line of CSV with its line end. */
export function csvRow(values: readonly (Json | undefined)[]): string {
  return `${values.map(csvCell).join(",")}\r\n`;
}
