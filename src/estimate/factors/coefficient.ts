/** A figure that somebody published, as history of a coefficient. */
export interface Figure {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly unit: string;
  /** `YYYY-MM-DD` the figure stands for. */
  readonly asOf: string;
  readonly source: string;
  readonly note?: string;
}

/**
 * A number that estimates multiply by, with its interval and where it comes from. `low` is the end that
 * gives less carbon, energy or cost, `high` the end that gives more: for most coefficients low <= value
 * <= high, for a few (capacity of a drive) the other way round.
 */
export interface Coefficient {
  readonly id: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly unit: string;
  readonly source: string;
  readonly asOf: string;
  readonly licence: string;
  readonly note: string | null;
  /** `user` when a file or flag replaced the built-in value. */
  readonly origin: "built-in" | "user";
}

/** Date of a figure whose source gives none. */
export const UNDATED = "1970-01-01";

/** Coefficients by id. */
export type FactorSet = ReadonlyMap<string, Coefficient>;

/** Licence of figures that tables quote with their source. */
export const QUOTED_FACT = "quoted fact, source named";
