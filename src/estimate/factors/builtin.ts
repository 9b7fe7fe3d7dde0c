import embodiedTable from "./tables/embodied.tsv" with { type: "text" };
import enduranceTable from "./tables/endurance.tsv" with { type: "text" };
import modelTable from "./tables/model.tsv" with { type: "text" };
import powerTable from "./tables/power.tsv" with { type: "text" };
import priceTable from "./tables/prices.tsv" with { type: "text" };
import { dataError } from "../../model/errors.ts";
import { type Coefficient, type FactorSet, type Figure, QUOTED_FACT } from "./coefficient.ts";
import { GOOGLE_GRID, GOOGLE_GRID_SOURCE } from "./grid_google.ts";
import { rangeProblem } from "./ranges.ts";
import { readFigures, type TableFigure } from "./read_table.ts";

/** 1 for sources that contradict others (confidence C), 2 otherwise: A and B differ by age alone. */
function confidence(figure: Figure): number {
  return figure.note?.includes("confidence C") ? 1 : 2;
}

/** One coefficient of all figures with its id: the newest of the trusted ones, and their whole spread. */
function merge(id: string, figures: readonly TableFigure[]): Coefficient {
  const units = new Set(figures.map((f) => f.unit));
  if (units.size > 1) throw dataError(`coefficient ${id} stands in units ${[...units].join(", ")}`);
  const best =
    [...figures].sort((a, b) =>
      confidence(b) - confidence(a) || (a.asOf < b.asOf ? 1 : a.asOf > b.asOf ? -1 : 0)
    )[0];
  const all = figures.flatMap((f) => [f.value, f.low ?? f.value, f.high ?? f.value]);
  const reversed = figures.length === 1 && best.low !== undefined && best.high !== undefined &&
    best.low > best.high;
  return {
    id,
    value: best.value,
    low: reversed ? best.low! : Math.min(...all),
    high: reversed ? best.high! : Math.max(...all),
    unit: best.unit,
    source: best.source,
    asOf: best.asOf,
    licence: QUOTED_FACT,
    note: best.note ?? null,
    origin: "built-in",
  };
}

/** Newest year, and the spread over the years: grids change from year to year. */
function gridCoefficients(): Coefficient[] {
  return GOOGLE_GRID.map(([region, place, byYear]) => {
    const grams = byYear.map(([, g]) => g);
    const [year, value] = byYear[byYear.length - 1];
    return {
      id: `grid.gcp:${region}`,
      value,
      low: Math.min(...grams),
      high: Math.max(...grams),
      unit: "gCO2e/kWh",
      source: GOOGLE_GRID_SOURCE,
      asOf: `${year}-12-31`,
      licence: "Apache-2.0",
      note: `${place}; interval: its years ${byYear[0][0]} to ${year}; average signal, ` +
        "location-based",
      origin: "built-in",
    };
  });
}

function allFigures(): TableFigure[] {
  return [
    ...readFigures(modelTable, "model.tsv"),
    ...readFigures(embodiedTable, "embodied.tsv"),
    ...readFigures(powerTable, "power.tsv"),
    ...readFigures(priceTable, "prices.tsv"),
    ...readFigures(enduranceTable, "endurance.tsv"),
  ];
}

/**
 * Every built-in coefficient: those the estimates multiply by (`ssd.embodied`, `gpu.h100_sxm.watts`,
 * `grid.gcp:us-east4`) and the published figures behind them (`embodied.ssd.…`, `price.…`).
 *
 * @throws data error when a table breaks its format or a value leaves its range.
 */
export function builtinFactors(): FactorSet {
  const groups = new Map<string, TableFigure[]>();
  for (const figure of allFigures()) {
    const group = groups.get(figure.id);
    if (group === undefined) groups.set(figure.id, [figure]);
    else group.push(figure);
  }
  const factors = new Map<string, Coefficient>();
  for (const [id, figures] of groups) factors.set(id, merge(id, figures));
  for (const c of gridCoefficients()) factors.set(c.id, c);
  for (const c of factors.values()) {
    const problem = rangeProblem(c);
    if (problem !== null) throw dataError(`built-in coefficient ${problem}`);
  }
  return factors;
}

/**
 * The published figures behind a coefficient, oldest first: its own rows, and those whose ids start
 * with the prefix that its note names (`history: embodied.ssd`).
 */
export function figureHistory(coefficient: Coefficient): TableFigure[] {
  const prefix = /history: (\S+)/.exec(coefficient.note ?? "")?.[1];
  if (coefficient.id.startsWith("grid.gcp:")) {
    const row = GOOGLE_GRID.find(([region]) => `grid.gcp:${region}` === coefficient.id);
    return (row?.[2] ?? []).map(([year, value]) => ({
      id: coefficient.id,
      value,
      unit: "gCO2e/kWh",
      asOf: `${year}-12-31`,
      source: GOOGLE_GRID_SOURCE,
    }));
  }
  return allFigures()
    .filter((f) => f.id === coefficient.id || (prefix !== undefined && f.id.startsWith(prefix)))
    .sort((a, b) => (a.asOf < b.asOf ? -1 : a.asOf > b.asOf ? 1 : 0));
}
