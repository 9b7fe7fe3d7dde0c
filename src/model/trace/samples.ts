/**
 * A batch of counter samples in long form. One row is one reading of one field of one device at one
 * time. `series` indexes {@link SampleSeries}. A reading that is missing has value NaN and a reason in
 * `reasons`.
 */
export interface SampleColumns {
  readonly kind: "samples";
  readonly count: number;
  /** Integer nanoseconds from the start of the run. */
  readonly timeNs: Float64Array;
  readonly series: Uint32Array;
  readonly value: Float64Array;
  /** Index into a dictionary of reasons, -1 when the value is known. */
  readonly reason: Int32Array;
}

/** One line of counters over time: which source, which device, which field, which unit. */
export interface SampleSeries {
  readonly source: string;
  /** Device within the source: `nvme0n1`, `GPU-0`, `cpu`, or "" for the host. */
  readonly device: string;
  /** Snake_case field with its unit at the end: `write_bytes`, `power_watts`. */
  readonly field: string;
  readonly unit: string;
  /** `counter` only grows (but for reset and wrap), `gauge` goes both ways. */
  readonly type: "counter" | "gauge";
}

/** What a trace of samples says about itself. */
export interface SampleTraceMeta {
  readonly series: readonly SampleSeries[];
  /** The dictionary that `reason` indexes. */
  readonly reasons: readonly string[];
}
