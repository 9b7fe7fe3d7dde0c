import type { z } from "zod";
import type { Json } from "../model/json.ts";
import type { Claim, MeasuredQuantity } from "../model/prediction.ts";
import type { EngineProfile } from "../model/profiles/engine.ts";
import type { RequestColumns } from "../model/trace/requests.ts";
import type { Traffic } from "../model/traffic.ts";

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
   * Claims about the run that follows, from a calibration on other settings than the ones it judges.
   * `bench <name> --predict` seals them before it calls `run`.
   */
  predict?(params: P, context: WorkloadContext): Promise<WorkloadPrediction>;
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
  /** Requests whose conversations are played (`--conversation`). */
  readonly requests?: readonly RequestColumns[];
  /** A measured engine, from `--hardware`. */
  readonly engine?: EngineProfile;
  /** Traffic that a replay produced, to be executed (`--trace`). */
  readonly traffic?: Traffic;
  /** Day of the run, ISO 8601. */
  readonly asOf: string;
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
  /** Further measured numbers by metric id (or by `<phase> seconds`), over the repeats. */
  readonly quantities?: Readonly<Record<string, MeasuredQuantity>>;
  /** Facts of the workload in JSON, such as the turns of a conversation. */
  readonly detail?: { readonly [key: string]: Json };
}

/** Claims, and all that they follow from. */
export interface WorkloadPrediction {
  readonly claims: readonly Claim[];
  readonly inputs: { readonly [key: string]: Json };
}
