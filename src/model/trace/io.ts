/** Reads and writes of a storage trace. */
export interface IoColumns {
  readonly kind: "io";
  readonly count: number;
  readonly timeNs: Float64Array;
  /** 0 read, 1 write, 2 flush. */
  readonly op: Uint8Array;
  readonly offsetBytes: Float64Array;
  readonly lengthBytes: Float64Array;
  /** Index into `IoTraceMeta.files`. */
  readonly file: Int32Array;
}

/** A data set of training samples: each row of the trace is one sample, its file and place. */
export interface SampleSet {
  readonly name: string;
  /** Samples of a step on one accelerator. */
  readonly batchSize: number;
  /** Seconds an accelerator computes on a batch; null when nothing says. */
  readonly computeSeconds: number | null;
  /** Reader threads of an accelerator's loader. */
  readonly readThreads: number;
  /** Accelerator utilisation that counts as fed. */
  readonly targetRatio: number;
  readonly source: string;
}

export interface IoTraceMeta {
  /** Names of the files; empty when they have none (a generated data set). */
  readonly files: readonly string[];
  /** Present when the rows are samples. */
  readonly samples?: SampleSet;
}
