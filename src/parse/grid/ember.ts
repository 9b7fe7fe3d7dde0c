import { dataError } from "../../model/errors.ts";
import type { GridSeries } from "../../model/grid_series.ts";
import { buildSeries, type Reading } from "./build_series.ts";
import type { CsvRow } from "./csv_rows.ts";
import { chooseZone, type GridChoice } from "./table.ts";
import { unixSeconds } from "./timestamp.ts";

const INTENSITY = /(co2|emissions|carbon) intensity|intensity of electricity/i;

function find(header: readonly string[], pattern: RegExp): number {
  return header.findIndex((name) => pattern.test(name));
}

export function isEmber(header: readonly string[]): boolean {
  const long = ["area", "variable", "unit", "value"].every((name) =>
    header.some((h) => h.toLowerCase() === name)
  );
  return long || (find(header, /^(entity|area)$/i) >= 0 && find(header, INTENSITY) >= 0);
}

/** Start of the period after a year, a month or a day. */
function endOf(time: string, start: number): number {
  const date = new Date(start * 1000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (/^\d{4}$/.test(time)) return Date.UTC(year + 1, 0, 1) / 1000;
  if (/^\d{4}-\d{2}(-01)?$/.test(time)) return Date.UTC(year, month + 1, 1) / 1000;
  return Date.UTC(year, month, day + 1) / 1000;
}

/**
 * Ember's yearly and monthly CSV in long form (`Area, ..., Year or Date, ..., Variable, Unit, Value`,
 * rows of CO2 intensity), or Our World in Data's wide copy of it. A year and a month have their own
 * length: means over them are weighted by it.
 */
export function parseEmber(
  label: string,
  rows: readonly CsvRow[],
  choice: GridChoice,
): GridSeries {
  const header = rows[0].cells;
  const area = find(header, /^(area|entity)$/i);
  const code = find(header, /^(country code|iso 3 code|code)$/i);
  const time = find(header, /^(date|year)$/i);
  const variable = find(header, /^variable$/i);
  const value = variable < 0 ? find(header, INTENSITY) : find(header, /^value$/i);
  if (area < 0 || time < 0) throw dataError(`${label}:1: expected columns Area and Year or Date`);
  const intensity = rows.slice(1).filter((r) => {
    return variable < 0 || INTENSITY.test(r.cells[variable] ?? "");
  });
  const wanted = choice.zone?.toLowerCase();
  const coded = code < 0
    ? undefined
    : intensity.find((r) => r.cells[code]?.toLowerCase() === wanted)?.cells[area];
  const zone = chooseZone(
    label,
    intensity.map((r) => r.cells[area] ?? ""),
    coded ?? choice.zone,
  );
  const readings = intensity.filter((r) => r.cells[area] === zone).map((r): Reading => {
    const text = r.cells[time] ?? "";
    const start = unixSeconds(/^\d{4}$/.test(text) ? `${text}-01` : text);
    if (start === null) throw dataError(`${label}:${r.line}: "${text}" is no year or date`);
    const cell = r.cells[value] ?? "";
    const grams = cell === "" ? NaN : Number(cell);
    if (cell !== "" && !Number.isFinite(grams)) {
      throw dataError(`${label}:${r.line}: "${cell}" is no number`);
    }
    return {
      line: r.line,
      startSeconds: start,
      durationSeconds: endOf(text, start) - start,
      gramsPerKwh: grams,
    };
  });
  return buildSeries({
    label,
    zone,
    format: "ember",
    signal: "average",
    scope: "lifecycle",
    readings: [...readings].sort((a, b) => a.startSeconds - b.startSeconds),
    notes: ["production-based; attribute Ember (CC BY-SA 4.0)"],
  });
}
