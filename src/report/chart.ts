/** A chart: one file under `src/report/charts/`, exporting `chart`: a Vega-Lite spec made from rows. */
export interface Chart {
  readonly name: string;
  readonly summary: string;
  /** The Vega-Lite specification for the rows, and one sentence computed from them. */
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
}
