import { z } from "zod";
import { dataError } from "../../model/errors.ts";
import type { Override } from "./overrides.ts";

const dateSchema = z.string().regex(/^\d{4}-\d{2}-\d{2}$/).refine(isDay);

const entrySchema = z.strictObject({
  id: z.string().optional(),
  value: z.number().optional(),
  low: z.number().optional(),
  high: z.number().optional(),
  unit: z.string().min(1).optional(),
  source: z.string().min(1).optional(),
  asOf: dateSchema.optional(),
  licence: z.string().min(1).optional(),
  note: z.string().optional(),
});

type FactorEntry = z.infer<typeof entrySchema>;

/** What each field of an entry must be, in words. */
const EXPECTED: Readonly<Record<string, string>> = {
  value: "a number",
  low: "a number",
  high: "a number",
  asOf: "a date YYYY-MM-DD",
};

const LIST_HINT = '"spillway explain coefficient" lists the ids';
const FORM = '{"ssd.embodied": {"value": 55, "low": 2.9, "high": 160}}';

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Ids with their entries, from a map of ids, a list, or a document around a map. */
function entriesOf(json: unknown, label: string): (readonly [string, unknown])[] {
  if (Array.isArray(json)) {
    return json.map((entry, i) => {
      if (isObject(entry) && typeof entry.id === "string") return [entry.id, entry] as const;
      throw dataError(
        `${label}: entry ${i + 1} of the list is ${shown(entry)}, expected an object with an id`,
        LIST_HINT,
      );
    });
  }
  if (!isObject(json)) {
    throw dataError(`${label}: found ${shown(json)}, expected coefficients such as ${FORM}`);
  }
  if (!isObject(json.coefficients)) return Object.entries(json);
  const stray = Object.keys(json).find((key) => key !== "coefficients" && key !== "schema");
  if (stray !== undefined) {
    throw dataError(`${label}: "${stray}" stands beside "coefficients", expected "schema" at most`);
  }
  if (json.schema !== undefined && json.schema !== "spillway/factors/1") {
    throw dataError(`${label}: schema is ${shown(json.schema)}, expected "spillway/factors/1"`);
  }
  return Object.entries(json.coefficients);
}

function checkEntry(entry: unknown, where: string): FactorEntry {
  if (typeof entry === "number") return { value: entry };
  const form = `expected a number or an object with "value", or with "low" and "high"`;
  if (!isObject(entry)) throw dataError(`${where} is ${shown(entry)}, ${form}`, LIST_HINT);
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    if (issue.code === "unrecognized_keys") {
      throw dataError(
        `${where} has "${issue.keys[0]}", expected ${Object.keys(entrySchema.shape).join(", ")}`,
      );
    }
    const field = String(issue.path[0]);
    throw dataError(
      `${where}: ${field} is ${shown(entry[field])}, expected ${
        EXPECTED[field] ?? "a text that is not empty"
      }`,
    );
  }
  const { value, low, high } = parsed.data;
  if (value === undefined && (low === undefined || high === undefined)) {
    throw dataError(`${where} is ${shown(entry)}, ${form}`);
  }
  return parsed.data;
}

/**
 * Overrides of a `--factors` file: `{"coefficients": {...}}`, a map of ids, or a list with ids. An entry is
 * a number or an object with its interval, unit, source, date and licence.
 *
 * @throws data error naming the file and the place in it.
 */
export function parseFactorsFile(text: string, label: string): Override[] {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw dataError(`${label}: not valid JSON: ${(error as Error).message}`);
  }
  const entries = entriesOf(json, label);
  if (entries.length === 0) {
    throw dataError(`${label}: it holds no coefficient, expected some such as ${FORM}`, LIST_HINT);
  }
  const seen = new Set<string>();
  return entries.map(([id, given]) => {
    const entry = checkEntry(given, `${label}: ${id}`);
    if (seen.has(id)) throw dataError(`${label}: ${id} stands twice in the list, expected once`);
    seen.add(id);
    return {
      id,
      value: entry.value ?? null,
      low: entry.low ?? null,
      high: entry.high ?? null,
      unit: entry.unit ?? null,
      source: entry.source ?? `given by the user (${label})`,
      asOf: entry.asOf ?? null,
      licence: entry.licence ?? null,
      from: "file" as const,
      label,
    };
  });
}
