import type { AllocationColumns, AllocationTraceMeta } from "./allocations.ts";
import type { FaultColumns, FaultTraceMeta } from "./faults.ts";
import type { IoColumns, IoTraceMeta } from "./io.ts";
import type { RequestColumns, RequestTraceMeta } from "./requests.ts";
import type { SampleColumns, SampleTraceMeta } from "./samples.ts";
import type { TensorColumns, TensorTraceMeta } from "./tensors.ts";

/** Every kind of trace with its columns and what it says about itself. */
export interface TraceKinds {
  requests: { columns: RequestColumns; meta: RequestTraceMeta };
  allocations: { columns: AllocationColumns; meta: AllocationTraceMeta };
  faults: { columns: FaultColumns; meta: FaultTraceMeta };
  tensors: { columns: TensorColumns; meta: TensorTraceMeta };
  io: { columns: IoColumns; meta: IoTraceMeta };
  samples: { columns: SampleColumns; meta: SampleTraceMeta };
}

export type TraceKind = keyof TraceKinds;
export type TraceColumns<K extends TraceKind = TraceKind> = TraceKinds[K]["columns"];
export type TraceMeta<K extends TraceKind = TraceKind> = TraceKinds[K]["meta"];

/** A trace in hand: what it is, and its batches, which can be streamed more than once. */
export interface Trace<K extends TraceKind = TraceKind> {
  readonly kind: K;
  /** Name shown to the user: the file's base name or the stored name. */
  readonly name: string;
  /** Importer that made it (`mooncake`), or `generated`. */
  readonly format: string;
  /** SHA-256 of the imported bytes, hex; null when generated. */
  readonly sha256: string | null;
  /** Rows over all batches. */
  readonly rows: number;
  readonly meta: TraceMeta<K>;
  /** What the importer recognised, dropped or repaired, one sentence each. */
  readonly notes: readonly string[];
  /**
   * Requests that a benchmark logged, read from its file: seconds to the first token as measured, row by
   * row; NaN where it was not. A stored trace does not keep them.
   */
  readonly measuredTtftSeconds?: Float64Array;
  batches(): AsyncIterable<TraceColumns<K>>;
}

/** What is known of a trace once its last batch was read. */
export interface TraceSummary<K extends TraceKind = TraceKind> {
  readonly rows: number;
  readonly sha256: string | null;
  readonly meta: TraceMeta<K>;
  readonly notes: readonly string[];
}

/** A trace that is read once, in little memory: `finish` may be called after the last batch. */
export interface TraceStream<K extends TraceKind = TraceKind> {
  readonly kind: K;
  readonly format: string;
  batches(): AsyncIterable<TraceColumns<K>>;
  finish(): TraceSummary<K>;
}
