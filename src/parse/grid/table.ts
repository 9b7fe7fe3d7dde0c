import { dataError } from "../../model/errors.ts";
import type { GridScope, GridSignal } from "../../model/grid_series.ts";
import type { CsvRow } from "./csv_rows.ts";
import type { Reading } from "./build_series.ts";
import { unixSeconds } from "./timestamp.ts";

/** What the user says about a grid file that the file does not say itself. */
export interface GridChoice {
  /** Zone to take where the file holds several. */
  readonly zone?: string;
  readonly signal?: GridSignal;
  /** Column to take where the file has both. */
  readonly scope?: GridScope;
  readonly unit?: GridUnit;
}

export type GridUnit = "g/kWh" | "lb/MWh" | "kg/MWh";

/** Grams a kWh of one unit; a pound is 453.59237 g exactly. */
const UNIT_GRAMS: Readonly<Record<GridUnit, number>> = {
  "g/kWh": 1,
  "kg/MWh": 1,
  "lb/MWh": 0.45359237,
};

export function toGramsPerKwh(value: number, unit: GridUnit): number {
  return value * UNIT_GRAMS[unit];
}

/** The zone asked for, or the only one. @throws data error naming the zones that are there. */
export function chooseZone(
  label: string,
  zones: readonly string[],
  wanted: string | undefined,
): string {
  const known = [...new Set(zones)];
  if (wanted === undefined) {
    if (known.length === 1) return known[0];
    throw dataError(
      `${label}: it holds ${known.length} zones, name one`,
      `zones: ${known.slice(0, 12).join(", ")}${known.length > 12 ? ", ..." : ""}`,
    );
  }
  const found = known.find((z) => z.toLowerCase() === wanted.toLowerCase());
  if (found === undefined) {
    throw dataError(
      `${label}: there is no zone "${wanted}" in it`,
      `zones: ${known.slice(0, 12).join(", ")}${known.length > 12 ? ", ..." : ""}`,
    );
  }
  return found;
}

/** Readings of two columns of a CSV. */
export function readColumns(
  label: string,
  rows: readonly CsvRow[],
  timeColumn: number,
  valueColumn: number,
  unit: GridUnit,
): Reading[] {
  return rows.map(({ line, cells }) => {
    const time = cells[timeColumn] ?? "";
    const value = cells[valueColumn];
    const startSeconds = unixSeconds(time);
    if (startSeconds === null) {
      throw dataError(`${label}:${line}: "${time.slice(0, 40)}" is no time, expected ISO 8601`);
    }
    if (value === undefined) {
      throw dataError(
        `${label}:${line}: ${cells.length} columns, expected at least ${valueColumn + 1}`,
        "the file may be cut off",
      );
    }
    const number = value === "" ? NaN : Number(value);
    if (value !== "" && !Number.isFinite(number)) {
      throw dataError(`${label}:${line}: "${value.slice(0, 40)}" is no number`);
    }
    return {
      line,
      startSeconds,
      durationSeconds: null,
      gramsPerKwh: toGramsPerKwh(number, unit),
    };
  });
}
