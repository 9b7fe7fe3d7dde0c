import { dataError, messageOf } from "../../model/errors.ts";
import type { GridSeries } from "../../model/grid_series.ts";
import { parseCarbonAwareSdk } from "./carbon_aware_sdk.ts";
import { csvRows } from "./csv_rows.ts";
import { isElectricityMaps, parseElectricityMaps } from "./electricity_maps.ts";
import { isEmber, parseEmber } from "./ember.ts";
import type { GridChoice } from "./table.ts";
import { isTimeTable, parseWattTime } from "./watttime.ts";

/**
 * A series of grid intensity from a file of Electricity Maps, Ember, WattTime (or any CSV of a time and
 * values) or the carbon-aware SDK, told apart by content.
 *
 * @param bytes The file, decompressed.
 * @throws data error naming the place, what was found and what was expected.
 */
export function parseGridSeries(
  label: string,
  bytes: Uint8Array,
  choice: GridChoice = {},
): GridSeries {
  if (bytes.length === 0) throw dataError(`${label}: the file is empty, expected a grid series`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw dataError(`${label}: not valid UTF-8, expected a CSV or JSON text`);
  }
  const start = text.replace(/^\ufeff/, "").trimStart();
  if (start[0] === "[" || start[0] === "{") {
    let json: unknown;
    try {
      json = JSON.parse(start);
    } catch (error) {
      throw dataError(`${label}: not valid JSON: ${messageOf(error)}`, "the file may be cut off");
    }
    return parseCarbonAwareSdk(label, json, choice);
  }
  const rows = csvRows(text, label);
  const header = rows[0]?.cells ?? [];
  if (isElectricityMaps(header)) return parseElectricityMaps(label, rows, choice);
  if (isEmber(header)) return parseEmber(label, rows, choice);
  if (isTimeTable(rows)) return parseWattTime(label, rows, choice);
  throw dataError(
    `${label}:1: "${header.join(",").slice(0, 60)}" is no header of a grid series`,
    "known: Electricity Maps CSV, Ember CSV, WattTime CSV, carbon-aware SDK JSON",
  );
}
