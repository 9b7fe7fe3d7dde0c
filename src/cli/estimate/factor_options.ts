import type { Command } from "@cliffy/command";
import { dataError, usageError } from "../../model/errors.ts";
import type { FactorSet } from "../../estimate/factors/coefficient.ts";
import type { GridSeries } from "../../model/grid_series.ts";
import { readTextIfExists } from "../../runtime/files.ts";
import { closest } from "../did_you_mean.ts";
import type { GlobalOptions, Output } from "../output.ts";

/** Options of every command that prices something. */
export interface FactorOptions extends GlobalOptions {
  readonly site?: string;
  readonly hardware?: string;
  readonly factors?: string;
  readonly factor?: readonly string[];
  readonly today?: string;
}

export function withFactorOptions(command: Command): Command {
  return command
    .option("--site <profile:string>", "Site profile: a built-in name or a JSON file.")
    .option("--hardware <profile:string>", "Hardware profile: a built-in name or a JSON file.")
    .option("--factors <file:file>", "JSON file of coefficients that replace the built-in ones.")
    .option("--factor <assignment:string>", "One coefficient: id=5, id=2..8 or id=2..5..8.", {
      collect: true,
    })
    .option("--today <date:string>", "Judge the age of prices and factors as of this date.");
}

export interface GridOptions {
  readonly grid?: string;
  readonly gridZone?: string;
  readonly gridSignal?: string;
  readonly gridScope?: string;
  readonly gridUnit?: string;
}

export function withGridOptions(command: Command): Command {
  return command
    .option("--grid <file:file>", "Grid series: Electricity Maps, Ember or WattTime CSV, SDK JSON.")
    .option("--grid-zone <zone:string>", "Zone to take where the file holds several.")
    .option("--grid-signal <signal:string>", "What the series is: average or marginal.")
    .option("--grid-scope <scope:string>", "Column to take: lifecycle or direct.")
    .option(
      "--grid-unit <unit:string>",
      "Unit of a series that names none: g/kWh, kg/MWh, lb/MWh.",
    );
}

/** The date that ages are judged by: the flag's, else the clock's. */
export function todayOf(options: FactorOptions): string {
  const given = options.today;
  if (given === undefined) return new Date().toISOString().slice(0, 10);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(given) || Number.isNaN(Date.parse(given))) {
    throw usageError(`--today: "${given}" is no date, expected YYYY-MM-DD`);
  }
  return given;
}

/** Built-in coefficients, then the file's, then the flags'. */
export async function loadFactors(options: FactorOptions, out: Output): Promise<FactorSet> {
  const { builtinFactors } = await import("../../estimate/factors/builtin.ts");
  const { applyOverrides, parseFactorFlag } = await import("../../estimate/factors/overrides.ts");
  const { parseFactorsFile } = await import("../../estimate/factors/factors_file.ts");
  const file = out.setting("factors", options.factors).value;
  const today = todayOf(options);
  let factors = builtinFactors();
  if (file !== null) {
    const text = readTextIfExists(file);
    if (text === null) throw dataError(`--factors: the file ${file} does not exist`);
    factors = applyOverrides(factors, parseFactorsFile(text, file), today, closest);
  }
  return applyOverrides(factors, (options.factor ?? []).map(parseFactorFlag), today, closest);
}

/** The grid series that `--grid` names; null when it is not given. */
export async function loadGrid(options: GridOptions): Promise<GridSeries | null> {
  if (options.grid === undefined) {
    const stray = (["gridZone", "gridSignal", "gridScope", "gridUnit"] as const)
      .find((name) => options[name] !== undefined);
    if (stray !== undefined) {
      throw usageError(
        `--${stray.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)} needs --grid FILE`,
      );
    }
    return null;
  }
  const { readGridFile } = await import("./grid_file.ts");
  const signal = oneOf("--grid-signal", options.gridSignal, ["average", "marginal"] as const);
  const scope = oneOf("--grid-scope", options.gridScope, ["lifecycle", "direct"] as const);
  const unit = oneOf("--grid-unit", options.gridUnit, ["g/kWh", "kg/MWh", "lb/MWh"] as const);
  return readGridFile(options.grid, {
    ...(options.gridZone === undefined ? {} : { zone: options.gridZone }),
    ...(signal === undefined ? {} : { signal }),
    ...(scope === undefined ? {} : { scope }),
    ...(unit === undefined ? {} : { unit }),
  });
}

function oneOf<T extends string>(
  flag: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined || (allowed as readonly string[]).includes(value)) {
    return value as T | undefined;
  }
  throw usageError(`${flag}: "${value}", expected ${allowed.join(", ")}`);
}
