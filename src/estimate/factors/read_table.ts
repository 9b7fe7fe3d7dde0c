import { dataError } from "../../model/errors.ts";
import type { Figure } from "./coefficient.ts";

const HEADER = "id\tvalue\tlow\thigh\tunit\tas_of\tsource\tnote";

export interface TableFigure extends Figure {
  readonly id: string;
}

/**
 * Reads a table of figures: tab-separated, columns id, value, low, high, unit, as_of, source, note;
 * low, high and note may be empty. An id may stand in several rows.
 *
 * @throws data error naming file and line.
 */
export function readFigures(text: string, label: string): TableFigure[] {
  const lines = text.split("\n");
  if (lines[0] !== HEADER) throw dataError(`${label}:1: expected the header "${HEADER}"`);
  const rows: TableFigure[] = [];
  lines.slice(1).forEach((line, i) => {
    if (line === "") return;
    const cells = line.split("\t");
    const where = `${label}:${i + 2}`;
    if (cells.length !== 8) throw dataError(`${where}: ${cells.length} columns, expected 8`);
    const [id, value, low, high, unit, asOf, source, note] = cells;
    if (!/^\d{4}-\d{2}-\d{2}$/.test(asOf)) throw dataError(`${where}: "${asOf}" is no date`);
    for (const cell of [value, low, high]) {
      if (cell !== "" && !Number.isFinite(Number(cell))) {
        throw dataError(`${where}: "${cell}" is no number`);
      }
    }
    if (value === "" || unit === "" || source === "") {
      throw dataError(`${where}: value, unit and source must be given`);
    }
    rows.push({
      id,
      value: Number(value),
      ...(low === "" ? {} : { low: Number(low) }),
      ...(high === "" ? {} : { high: Number(high) }),
      unit,
      asOf,
      source,
      ...(note === "" ? {} : { note }),
    });
  });
  return rows;
}
