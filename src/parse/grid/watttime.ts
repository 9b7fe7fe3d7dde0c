import { dataError } from "../../model/errors.ts";
import type { GridSeries } from "../../model/grid_series.ts";
import { buildSeries } from "./build_series.ts";
import type { CsvRow } from "./csv_rows.ts";
import { chooseZone, type GridChoice, type GridUnit, readColumns } from "./table.ts";
import { unixSeconds } from "./timestamp.ts";

const META = /version|frequency|market|datatype|signal|^ba$|region|estimated|last_updated/i;

export function isTimeTable(rows: readonly CsvRow[]): boolean {
  const [header, first] = rows;
  return header !== undefined && header.cells.length >= 2 && /time|date/i.test(header.cells[0]) &&
    (first === undefined || unixSeconds(first.cells[0] ?? "") !== null);
}

/**
 * WattTime CSV: a time column and a value column (`timestamp,MOER,...`, `point_time,value`), or one
 * column a region, as simulators ship it. A MOER column is in lb/MWh as WattTime publishes it; other
 * columns are taken as g/kWh unless the header or the user names a unit. The signal is marginal unless
 * the user says otherwise.
 */
export function parseWattTime(
  label: string,
  rows: readonly CsvRow[],
  choice: GridChoice,
): GridSeries {
  const header = rows[0].cells;
  const columns = header.map((name, i) => ({ name, i })).slice(1).filter((c) => !META.test(c.name));
  if (columns.length === 0) throw dataError(`${label}:1: no column of values beside the time`);
  const named = columns.map((c) => c.name);
  const single = columns.length === 1 || /^(moer|value)$/i.test(columns[0].name);
  const name = single ? named[0] : chooseZone(label, named, choice.zone);
  const column = columns.find((c) => c.name === name)!.i;
  const native = /moer|lbs?[_ /]/i.test(name);
  const unit: GridUnit = choice.unit ?? (native ? "lb/MWh" : "g/kWh");
  return buildSeries({
    label,
    zone: /^(moer|value)$/i.test(name) ? choice.zone ?? "unnamed" : name,
    format: "watttime",
    signal: choice.signal ?? "marginal",
    scope: "direct",
    readings: readColumns(label, rows.slice(1), 0, column, unit),
    notes: choice.unit !== undefined ? [] : [
      native
        ? `column "${name}" is taken as lb/MWh and converted; say --grid-unit g/kWh if it is not`
        : `column "${name}" names no unit: g/kWh is assumed; say --grid-unit lb/MWh if it is that`,
    ],
  });
}
