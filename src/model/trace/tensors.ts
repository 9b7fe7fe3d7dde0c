/** Lifetimes of tensors (or buffers) within a step: the input of swap planners. */
export interface TensorColumns {
  readonly kind: "tensors";
  readonly count: number;
  readonly id: Int32Array;
  readonly sizeBytes: Float64Array;
  /** Nanoseconds from the start of the trace; `endNs` is exclusive, NaN when it outlives the trace. */
  readonly startNs: Float64Array;
  readonly endNs: Float64Array;
  /** Index into `TensorTraceMeta.categories`. */
  readonly category: Uint8Array;
}

export interface TensorTraceMeta {
  readonly categories: readonly string[];
}
