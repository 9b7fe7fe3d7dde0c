import type { GridSeries } from "../../model/grid_series.ts";
import { buildSeries } from "./build_series.ts";
import type { CsvRow } from "./csv_rows.ts";
import { chooseZone, type GridChoice, readColumns } from "./table.ts";

function find(header: readonly string[], pattern: RegExp): number {
  return header.findIndex((name) => pattern.test(name));
}

export function isElectricityMaps(header: readonly string[]): boolean {
  return find(header, /^datetime/i) >= 0 &&
    find(header, /carbon intensity.*(direct|lca|life)/i) >= 0;
}

/**
 * Electricity Maps portal CSV (hourly, daily, monthly, yearly): `Datetime (UTC), Country, Zone Name,
 * Zone Id, Carbon Intensity gCO2eq/kWh (direct), ... (LCA), ...`. Life cycle unless `direct` is asked
 * for; the two are never mixed.
 */
export function parseElectricityMaps(
  label: string,
  rows: readonly CsvRow[],
  choice: GridChoice,
): GridSeries {
  const header = rows[0].cells;
  const zoneColumn = find(header, /^zone id$/i);
  const scope = choice.scope === "direct" ? "direct" : "lifecycle";
  const direct = find(header, /carbon intensity.*direct/i);
  const lifecycle = find(header, /carbon intensity.*(lca|life)/i);
  const column = scope === "direct" ? direct : lifecycle;
  const body = rows.slice(1);
  const zone = zoneColumn < 0
    ? choice.zone ?? "unnamed"
    : chooseZone(label, body.map((r) => r.cells[zoneColumn] ?? ""), choice.zone);
  const own = zoneColumn < 0 ? body : body.filter((r) => r.cells[zoneColumn] === zone);
  const estimated = find(header, /^data estimated$/i);
  const guessed = estimated < 0
    ? 0
    : own.filter((r) => /^true$/i.test(r.cells[estimated] ?? "")).length;
  return buildSeries({
    label,
    zone,
    format: "electricity-maps",
    signal: choice.signal ?? "average",
    scope: column < 0 ? "unknown" : scope,
    readings: readColumns(
      label,
      own,
      find(header, /^datetime/i),
      column < 0 ? Math.max(direct, lifecycle) : column,
      "g/kWh",
    ),
    notes: guessed > 0 ? [`${guessed} of ${own.length} readings are estimated by the source`] : [],
  });
}
