import type { StepProfile } from "../step_profile.ts";

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
  /** Nanoseconds from the first to the last event; absent: the largest finite time of a row. */
  readonly spanNs?: number;
  /** The layers of the step, where the trace was described rather than recorded. */
  readonly step?: StepProfile;
}
