import { createHash } from "node:crypto";
import { stableStringify } from "../../model/json.ts";
import type { PredictionRow, WorkloadResult } from "../workload.ts";

/** What is predicted of one prompt length; times are seconds. */
export interface LlmPrediction {
  readonly phase: string;
  readonly kind: "prefill" | "save" | "load-cold" | "load-warm";
  readonly length: number;
  readonly predictedSeconds: number;
  /** Bytes a save or a load moves; exact. Null for prefill. */
  readonly predictedBytes: number | null;
}

/** A fitted time law: coefficients of 1, x and x^2 (x in tokens for prefill, in bytes otherwise). */
export interface TimeLaw {
  readonly kind: LlmPrediction["kind"];
  readonly coefficients: readonly number[];
  /** Largest relative deviation of the calibration points from the law. */
  readonly worstResidual: number;
}

/** A sealed prediction: everything that makes it, and the hash that was shown before the run. */
export interface SealedPrediction {
  readonly schema: "spillway/prediction/1";
  readonly calibration: { readonly lengths: readonly number[]; readonly laws: readonly TimeLaw[] };
  readonly predictions: readonly LlmPrediction[];
}

export type ScoreRow = LlmPrediction & PredictionRow;

/** Targets of the comparison: recompute within 10 %, saving and loading within 15 %. */
export const TARGETS = { prefill: 0.1, save: 0.15, "load-cold": 0.15, "load-warm": 0.15 } as const;

type Phase = WorkloadResult["phases"][number];

function parsePhase(name: string): { kind: LlmPrediction["kind"]; length: number } {
  const match = /^(prefill|save|load-cold|load-warm)-(\d+)$/.exec(name);
  if (match === null) throw new TypeError(`not a phase of the llm workload: ${name}`);
  return { kind: match[1] as LlmPrediction["kind"], length: Number(match[2]) };
}

function bytesOf(phase: Phase): number {
  return (phase.bytesRead + phase.bytesWritten) / phase.operations;
}

/** Least squares of y on 1, x (, x^2), each point weighted by 1/y^2: relative errors count alike. */
export function fitLaw(x: readonly number[], y: readonly number[], degree: number): number[] {
  const terms = Math.min(degree, x.length - 1) + 1;
  const scale = Math.max(...x);
  const matrix = Array.from({ length: terms }, () => new Array<number>(terms + 1).fill(0));
  x.forEach((value, i) => {
    const powers = Array.from({ length: terms }, (_, p) => (value / scale) ** p);
    const weight = 1 / (y[i] * y[i]);
    for (let r = 0; r < terms; r++) {
      for (let c = 0; c < terms; c++) matrix[r][c] += weight * powers[r] * powers[c];
      matrix[r][terms] += weight * powers[r] * y[i];
    }
  });
  return solve(matrix).map((c, p) => c / scale ** p);
}

/** Gaussian elimination with partial pivoting of an augmented matrix. */
function solve(matrix: number[][]): number[] {
  const n = matrix.length;
  for (let pivot = 0; pivot < n; pivot++) {
    let best = pivot;
    for (let r = pivot + 1; r < n; r++) {
      if (Math.abs(matrix[r][pivot]) > Math.abs(matrix[best][pivot])) best = r;
    }
    [matrix[pivot], matrix[best]] = [matrix[best], matrix[pivot]];
    for (let r = 0; r < n; r++) {
      if (r === pivot) continue;
      const factor = matrix[r][pivot] / matrix[pivot][pivot];
      for (let c = pivot; c <= n; c++) matrix[r][c] -= factor * matrix[pivot][c];
    }
  }
  return matrix.map((row, i) => row[n] / row[i]);
}

function evaluate(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, c, p) => sum + c * x ** p, 0);
}

/** Fits the time laws to a calibration run: prefill is quadratic in tokens, the rest linear in bytes. */
export function fitLaws(calibration: WorkloadResult): TimeLaw[] {
  const phases = calibration.phases.map((p) => ({ ...p, ...parsePhase(p.name) }));
  return (["prefill", "save", "load-cold", "load-warm"] as const).map((kind) => {
    const points = phases.filter((p) => p.kind === kind);
    const x = points.map((p) => kind === "prefill" ? p.length : bytesOf(p));
    const y = points.map((p) => p.p50Seconds!);
    const coefficients = fitLaw(x, y, kind === "prefill" ? 2 : 1);
    const worstResidual = Math.max(
      ...x.map((value, i) => Math.abs(evaluate(coefficients, value) / y[i] - 1)),
    );
    return { kind, coefficients, worstResidual };
  });
}

/**
 * Predicts every phase at other lengths.
 *
 * @param stateBytes Exact bytes of the saved state for a length, from the engine's format.
 */
export function predictPhases(
  laws: readonly TimeLaw[],
  lengths: readonly number[],
  stateBytes: (length: number) => number,
): LlmPrediction[] {
  return lengths.flatMap((length) =>
    laws.map(({ kind, coefficients }) => {
      const bytes = kind === "prefill" ? null : stateBytes(length);
      return {
        phase: `${kind}-${length}`,
        kind,
        length,
        predictedSeconds: evaluate(coefficients, bytes ?? length),
        predictedBytes: bytes,
      };
    })
  );
}

/** Bytes of a saved state as a straight line through two measured lengths: header + bytes a token. */
export function stateBytesLaw(calibration: WorkloadResult): (length: number) => number {
  const saves = calibration.phases.map((p) => ({ ...p, ...parsePhase(p.name) }))
    .filter((p) => p.kind === "save").sort((a, b) => a.length - b.length);
  const [first, last] = [saves[0], saves.at(-1)!];
  const perToken = (bytesOf(last) - bytesOf(first)) / (last.length - first.length);
  return (length) => Math.round(bytesOf(first) + (length - first.length) * perToken);
}

/** The SHA-256 of a prediction's canonical JSON, shown before the run it is about. */
export function seal(prediction: SealedPrediction): string {
  return createHash("sha256").update(stableStringify(prediction, 0)).digest("hex");
}

/** Compares a prediction with the run it was made for. */
export function scorePrediction(prediction: SealedPrediction, run: WorkloadResult): ScoreRow[] {
  return prediction.predictions.map((p) => {
    const phase = run.phases.find((candidate) => candidate.name === p.phase);
    if (phase === undefined) throw new TypeError(`the run has no phase ${p.phase}`);
    const measuredSeconds = phase.p50Seconds!;
    const relativeError = (p.predictedSeconds - measuredSeconds) / measuredSeconds;
    const measuredBytes = p.predictedBytes === null ? null : bytesOf(phase);
    const target = TARGETS[p.kind];
    return {
      ...p,
      measuredSeconds,
      relativeError,
      spread: (phase.p99Seconds! - (phase.p0Seconds ?? measuredSeconds)) / measuredSeconds,
      measuredBytes,
      target,
      hit: Math.abs(relativeError) <= target &&
        (measuredBytes === null || measuredBytes === p.predictedBytes),
    };
  });
}

/** Which assumption explains the largest miss: repeat spread, the law's own fit, or neither. */
export function explainMiss(rows: readonly ScoreRow[], laws: readonly TimeLaw[]): string {
  const worst = rows.reduce((a, b) =>
    Math.abs(b.relativeError) > Math.abs(a.relativeError) ? b : a
  );
  const percent = (x: number) => `${(x * 100).toFixed(1)} %`;
  const law = laws.find((l) => l.kind === worst.kind)!;
  const head = `largest miss: ${worst.phase}, ${percent(worst.relativeError)}`;
  if (Math.abs(worst.relativeError) <= worst.spread) {
    return `${head}; the repeats of that phase themselves spread over ${percent(worst.spread)}`;
  }
  if (law.worstResidual >= Math.abs(worst.relativeError) / 2) {
    return `${head}; the calibration points already leave the fitted law by ` +
      `${percent(law.worstResidual)}: the time is not ${
        worst.kind === "prefill" ? "quadratic in tokens" : "linear in bytes"
      } here`;
  }
  return `${head}; neither the repeats (${percent(worst.spread)}) nor the fit ` +
    `(${percent(law.worstResidual)}) explains it: the machine changed between the runs`;
}
