import type { StepProfile } from "../step_profile.ts";
import type { TensorColumns, TensorTraceMeta } from "./tensors.ts";
import type { Trace } from "./trace.ts";

const CATEGORIES = ["parameter", "optimizer", "gradient", "activation"] as const;

interface Row {
  readonly bytes: number;
  readonly start: number;
  readonly end: number;
  readonly category: (typeof CATEGORIES)[number];
}

/**
 * The tensors of a step as they would live in a GPU of unlimited memory that runs every micro-batch at once:
 * states for the whole step, activations from a layer's forward to its backward pass, gradients from there on.
 */
function rowsOf(step: StepProfile): { rows: Row[]; seconds: number } {
  const { layers, microBatches: m } = step;
  const rows: Row[] = [];
  const forwardEnd: number[] = [];
  let at = 0;
  for (const l of layers) forwardEnd.push(at += m * l.forwardSeconds);
  const backwardEnd = new Array<number>(layers.length);
  for (let i = layers.length - 1; i >= 0; i--) {
    backwardEnd[i] = at += m * layers[i].backwardSeconds;
  }
  layers.forEach((l, i) => {
    const start = i === 0 ? 0 : forwardEnd[i - 1];
    rows.push(
      { bytes: l.parameterBytes, start: 0, end: NaN, category: "parameter" },
      { bytes: l.optimizerBytes, start: 0, end: NaN, category: "optimizer" },
      { bytes: m * l.activationBytes, start, end: backwardEnd[i], category: "activation" },
      {
        bytes: l.gradientBytes,
        start: backwardEnd[i] - m * l.backwardSeconds,
        end: NaN,
        category: "gradient",
      },
    );
  });
  return { rows: rows.filter((r) => r.bytes > 0), seconds: at };
}

/** A step as a trace of tensors that carries its layers. */
export function stepTrace(name: string, format: string, step: StepProfile): Trace<"tensors"> {
  const { rows, seconds } = rowsOf(step);
  rows.sort((a, b) => a.start - b.start);
  const columns: TensorColumns = {
    kind: "tensors",
    count: rows.length,
    id: Int32Array.from(rows, (_, i) => i),
    sizeBytes: Float64Array.from(rows, (r) => Math.round(r.bytes)),
    startNs: Float64Array.from(rows, (r) => Math.round(r.start * 1e9)),
    endNs: Float64Array.from(rows, (r) => Math.round(r.end * 1e9)),
    category: Uint8Array.from(rows, (r) => CATEGORIES.indexOf(r.category)),
  };
  const meta: TensorTraceMeta = {
    categories: CATEGORIES,
    spanNs: Math.round(seconds * 1e9),
    step,
  };
  return {
    kind: "tensors",
    name,
    format,
    sha256: null,
    rows: rows.length,
    meta,
    notes: [],
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}
