import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { dataError, messageOf } from "../../model/errors.ts";
import type { GridSeries } from "../../model/grid_series.ts";
import { parseGridSeries } from "../../parse/grid/parse_grid.ts";
import type { GridChoice } from "../../parse/grid/table.ts";

/** Reads a grid series from a file, decompressed when it is gzip. */
export function readGridFile(path: string, choice: GridChoice): GridSeries {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw dataError(`--grid: cannot read ${path}: ${messageOf(error)}`);
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes);
    } catch (error) {
      throw dataError(`${path}: damaged gzip: ${messageOf(error)}`, "the file may be cut off");
    }
  }
  return parseGridSeries(path, bytes, choice);
}
