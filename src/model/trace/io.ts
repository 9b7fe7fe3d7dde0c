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

export interface IoTraceMeta {
  readonly files: readonly string[];
}
