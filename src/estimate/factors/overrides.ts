import { dataError, usageError } from "../../model/errors.ts";
import type { Coefficient, FactorSet } from "./coefficient.ts";
import { OPEN_IDS, openId } from "./open_ids.ts";
import { rangeProblem } from "./ranges.ts";

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
  readonly from: "file" | "flag";
  /** The file's name or `--factor`, for messages. */
  readonly label: string;
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
    from: "flag",
    label: "--factor",
  };
}

function refuse(o: Override, problem: string, hint?: string): never {
  const message = `${o.label}: ${problem}`;
  throw o.from === "flag" ? usageError(message, hint) : dataError(message, hint);
}

/**
 * The built-in coefficients with overrides applied, in the order given. An interval without a middle
 * keeps the built-in value where that lies inside, else takes the middle. A point takes the built-in
 * interval's place altogether.
 *
 * @param today `YYYY-MM-DD`: the date of overrides that carry none.
 * @param near Suggests an id for a mistyped one.
 * @throws data error (usage error for a flag) for an unknown id, another unit than the built-in one, an
 * interval the wrong way round, or a value out of range.
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
      refuse(
        o,
        `there is no coefficient "${o.id}"` +
          (guess === undefined ? "" : `; did you mean "${guess}"?`),
        '"spillway explain coefficient" lists the ids',
      );
    }
    const unit = before?.unit ?? open!.unit;
    if (o.unit !== null && o.unit !== unit) {
      refuse(
        o,
        `${o.id} has the unit "${o.unit}", expected "${unit}"`,
        "convert the number; units are not converted silently",
      );
    }
    const [low, high] = [o.low ?? o.value!, o.high ?? o.value!];
    // Where the built-in interval runs downwards, its low end is that of less carbon: either way will do.
    const reversible = before !== undefined && before.low > before.high;
    if (low > high && !reversible) {
      refuse(o, `${o.id} has low ${low} above high ${high}, expected low up to high`);
    }
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
    if (problem !== null) refuse(o, problem);
    factors.set(o.id, coefficient);
  }
  return factors;
}
