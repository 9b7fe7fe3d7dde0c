import type { z } from "zod";

/** A real workload of our own: one file under `src/workload/workloads/`, exporting `workload`. */
export interface Workload<P = unknown> {
  readonly name: string;
  readonly summary: string;
  readonly params: z.ZodType<P>;
  /** Free space it needs, in bytes; checked before it starts. */
  diskBytes?(params: P): number;
  /** Null when it can run here, else what is missing; absent when it needs nothing. */
  ready?(): string | null;
  /** Installs what it needs; `bench <name> --setup`. */
  setup?(log: (line: string) => void): Promise<void>;
  /**
   * Calibrates on other settings than the ones it judges, predicts, hands the prediction and its SHA-256
   * to `sealed` before the judged run starts, runs, and scores. `bench <name> --predict`.
   */
  predict?(
    params: P,
    context: WorkloadContext,
    sealed: (prediction: unknown, sha256: string) => Promise<void>,
  ): Promise<PredictionOutcome>;
  /** Does the work, verifies the data it moved, prints nothing; returns what it counted. */
  run(params: P, context: WorkloadContext): Promise<WorkloadResult>;
}

export interface WorkloadContext {
  /** Folder for its files; emptied and removed by the caller, also when killed. */
  readonly directory: string;
  readonly seed: number;
  readonly signal: AbortSignal;
  mark(name: string): void;
  progress(done: number, total: number, what: string): void;
}

export interface WorkloadResult {
  /** Phases in order with their counted bytes and times. */
  readonly phases: readonly {
    readonly name: string;
    readonly seconds: number;
    readonly bytesRead: number;
    readonly bytesWritten: number;
    readonly operations: number;
    /** Seconds of the fastest operation, when kept. */
    readonly p0Seconds?: number;
    /** Seconds of each operation at the 50th and 99th percentile. */
    readonly p50Seconds: number | null;
    readonly p99Seconds: number | null;
  }[];
  /** Bytes whose content was read back and compared. */
  readonly verifiedBytes: number;
  readonly notes: readonly string[];
}

/** One predicted number beside the measured one. */
export interface PredictionRow {
  readonly phase: string;
  readonly predictedSeconds: number;
  readonly measuredSeconds: number;
  /** (predicted - measured) / measured. */
  readonly relativeError: number;
  /** (slowest - fastest) / median of the measured repeats. */
  readonly spread: number;
  readonly predictedBytes: number | null;
  readonly measuredBytes: number | null;
  /** The bar that was set before, as a relative error. */
  readonly target: number;
  readonly hit: boolean;
}

export interface PredictionOutcome {
  readonly sha256: string;
  readonly rows: readonly PredictionRow[];
  /** What explains the largest miss. */
  readonly explanation: string;
  readonly run: WorkloadResult;
}
