import { z } from "zod";
import { dataError, usageError } from "../../model/errors.ts";
import type { Coefficient, FactorSet } from "./coefficient.ts";
import { OPEN_IDS, openId } from "./open_ids.ts";
import { rangeProblem } from "./ranges.ts";

const entrySchema = z.union([
  z.number(),
  z.strictObject({
    id: z.string().optional(),
    value: z.number(),
    low: z.number().optional(),
    high: z.number().optional(),
    unit: z.string().min(1).optional(),
    source: z.string().min(1).optional(),
    asOf: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "expected YYYY-MM-DD").optional(),
    licence: z.string().min(1).optional(),
    note: z.string().optional(),
  }),
]);

/** What `--factors FILE` holds: `{"coefficients": {...}}`, a map of ids, or a list with ids. */
export const factorsFileSchema = z.union([
  z.strictObject({
    schema: z.literal("spillway/factors/1").optional(),
    coefficients: z.record(z.string(), entrySchema),
  }),
  z.array(z.strictObject({ ...entrySchema.options[1].shape, id: z.string() })),
  z.record(z.string(), entrySchema),
]);

export type FactorEntry = z.infer<typeof entrySchema>;

/** One override before it is checked against the built-in coefficient of its id. */
export interface Override {
  readonly id: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly unit: string | null;
  readonly source: string;
  readonly asOf: string | null;
  readonly licence: string | null;
  /** `--factor …` or `my.json: …`, for messages. */
  readonly where: string;
}

/**
 * Overrides of a factors file.
 *
 * @throws data error naming the file and the place in it.
 */
export function parseFactorsFile(text: string, label: string): Override[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(`${label}: not valid JSON: ${(error as Error).message}`);
  }
  const parsed = factorsFileSchema.safeParse(json);
  if (!parsed.success) {
    throw dataError(
      `${label}: expected coefficients such as {"ssd.embodied": {"value": 55, "low": 2.9, ` +
        `"high": 160}}, found ${issueOf(json)}`,
      '"spillway explain coefficient" lists the ids',
    );
  }
  const data = parsed.data;
  const entries: [string, FactorEntry][] = Array.isArray(data)
    ? data.map((entry) => [entry.id, entry])
    : Object.entries(
      "coefficients" in data && typeof data.coefficients === "object"
        ? data.coefficients as Record<string, FactorEntry>
        : data as Record<string, FactorEntry>,
    );
  return entries.map(([id, entry]) => {
    const e = typeof entry === "number" ? { value: entry } : entry;
    return {
      id,
      value: e.value,
      low: e.low ?? null,
      high: e.high ?? null,
      unit: e.unit ?? null,
      source: e.source ?? `given by the user (${label})`,
      asOf: e.asOf ?? null,
      licence: e.licence ?? null,
      where: `${label}: ${id}`,
    };
  });
}

function issueOf(json: unknown): string {
  if (json === null || typeof json !== "object") return JSON.stringify(json);
  for (const [id, entry] of Object.entries(json)) {
    const checked = entrySchema.safeParse(entry);
    if (!checked.success) return `${id}: ${JSON.stringify(entry)?.slice(0, 80)}`;
  }
  return `keys ${Object.keys(json).slice(0, 5).join(", ")}`;
}

/**
 * One `--factor ssd.embodied=55`, `=2.9..160` or `=2.9..55..160`.
 *
 * @throws usage error when the text has another form.
 */
export function parseFactorFlag(text: string): Override {
  const match = /^([^=\s]+)=([^=]+)$/.exec(text.trim());
  const numbers = match?.[2].split("..").map((part) => part.trim() === "" ? NaN : Number(part)) ??
    [];
  if (match === null || numbers.length > 3 || !numbers.every(Number.isFinite)) {
    throw usageError(
      `--factor: "${text}" has another form than id=value`,
      "write ssd.embodied=55, ssd.embodied=2.9..160 or ssd.embodied=2.9..55..160",
    );
  }
  const [a, b, c] = numbers;
  return {
    id: match[1],
    value: numbers.length === 2 ? null : numbers.length === 3 ? b : a,
    low: a,
    high: numbers.length === 1 ? a : numbers.length === 2 ? b : c,
    unit: null,
    source: "given by the user (--factor)",
    asOf: null,
    licence: null,
    where: `--factor ${match[1]}`,
  };
}

/**
 * The built-in coefficients with overrides applied, in the order given. An interval without a middle
 * keeps the built-in value where that lies inside, else takes the middle.
 *
 * @param today `YYYY-MM-DD`: the date of overrides that carry none.
 * @param near Suggests an id for a mistyped one.
 * @throws data error for an unknown id, another unit than the built-in one, or a value out of range.
 */
export function applyOverrides(
  base: FactorSet,
  overrides: readonly Override[],
  today: string,
  near: (id: string, known: readonly string[]) => string | undefined = () => undefined,
): FactorSet {
  const factors = new Map(base);
  for (const o of overrides) {
    const before = factors.get(o.id);
    const open = openId(o.id);
    if (before === undefined && open === undefined) {
      const guess = near(o.id, [...factors.keys(), ...OPEN_IDS.map((known) => known.id)]);
      throw dataError(
        `${o.where}: there is no coefficient "${o.id}"` +
          (guess === undefined ? "" : `; did you mean "${guess}"?`),
        '"spillway explain coefficient" lists the ids',
      );
    }
    const unit = before?.unit ?? open!.unit;
    if (o.unit !== null && o.unit !== unit) {
      throw dataError(
        `${o.where}: its unit is "${o.unit}", expected "${unit}"`,
        "convert the number; units are not converted silently",
      );
    }
    const [low, high] = [o.low ?? o.value!, o.high ?? o.value!];
    const inside = before !== undefined && before.value >= Math.min(low, high) &&
      before.value <= Math.max(low, high);
    const value = o.value ?? (inside ? before.value : (low + high) / 2);
    const coefficient: Coefficient = {
      id: o.id,
      value,
      low,
      high,
      unit,
      source: o.source,
      asOf: o.asOf ?? today,
      licence: o.licence ?? "the user's own",
      note: before?.note ?? null,
      origin: "user",
    };
    const problem = rangeProblem(coefficient);
    if (problem !== null) throw dataError(`${o.where}: ${problem}`);
    factors.set(o.id, coefficient);
  }
  return factors;
}
