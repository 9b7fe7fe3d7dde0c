/**
 * A picture that a result carries for the report: which registered chart draws it, and its rows. The result
 * keeps data, never a drawing, so a page made years later draws it with the charts of its day.
 */
export interface Figure {
  /** Name of a chart under `src/report/charts/`. */
  readonly chart: string;
  readonly title: string;
  readonly rows: readonly Readonly<Record<string, number | string | null>>[];
  readonly options?: Readonly<Record<string, string | number>>;
}
