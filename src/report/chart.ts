/** A chart: one file under `src/report/charts/`, exporting `chart`: a Vega-Lite spec made from rows. */
export interface Chart {
  readonly name: string;
  readonly summary: string;
  /**
   * The Vega-Lite specification for the rows, and one sentence computed from them. A spec of a single view
   * or of layers is fitted to the page's width; a composed one (facet, concat) keeps its own and should look
   * at the option `narrow`, which is 1 for screens of a phone.
   */
  build(input: ChartInput): ChartOutput;
}

export interface ChartInput {
  readonly title: string;
  readonly rows: readonly Record<string, number | string | null>[];
  readonly options: Readonly<Record<string, string | number>>;
}

export interface ChartOutput {
  readonly spec: Record<string, unknown>;
  /** What the chart shows, for screen readers: one sentence with numbers from the data. */
  readonly description: string;
  /** Names of the columns of the data table, where the keys of the rows do not read well. */
  readonly columns?: Readonly<Record<string, string>>;
}
