import type { z } from "zod";

/** A real workload of our own: one file under `src/workload/workloads/`, exporting `workload`. */
export interface Workload<P = unknown> {
  readonly name: string;
  readonly summary: string;
  readonly params: z.ZodType<P>;
  /** Null when it can run here, else what is missing; absent when it needs nothing. */
  ready?(): string | null;
  /** Installs what it needs; `bench <name> --setup`. */
  setup?(log: (line: string) => void): Promise<void>;
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
    /** Seconds of each operation at the 50th and 99th percentile. */
    readonly p50Seconds: number | null;
    readonly p99Seconds: number | null;
  }[];
  /** Bytes whose content was read back and compared. */
  readonly verifiedBytes: number;
  readonly notes: readonly string[];
}
