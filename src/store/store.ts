import type { AdviceDocument } from "../model/advice.ts";
import type { SampleSeries } from "../model/trace/samples.ts";
import type { SampleColumns } from "../model/trace/samples.ts";
import type { Trace, TraceStream } from "../model/trace/trace.ts";
import type { EstimateDocument, ReplayDocument, RunRecord } from "../model/results.ts";
import type { Json } from "../model/json.ts";

/** Kinds of things a store lists; the letter starts their ids: r1, t1, p1, e1, a1, g1, b1, x1. */
export type EntryKind =
  | "run"
  | "trace"
  | "replay"
  | "estimate"
  | "advice"
  | "gate"
  | "baseline"
  | "prediction";

/** One line of `ls`. */
export interface Entry {
  readonly id: string;
  readonly kind: EntryKind;
  readonly name: string;
  /** Wall clock, ISO 8601 UTC. */
  readonly createdAt: string;
  readonly summary: string;
}

/** Documents that are kept whole, as JSON, beside the rows that views show of them. */
export interface DocumentKinds {
  replay: ReplayDocument;
  estimate: EstimateDocument;
  advice: AdviceDocument;
  gate: { readonly schema: string; readonly [key: string]: Json };
  baseline: { readonly schema: string; readonly [key: string]: Json };
  prediction: { readonly schema: string; readonly [key: string]: Json };
}

/**
 * One DuckDB file. Every write is one transaction: nothing is half-stored. Names are unique within a kind:
 * a name that is taken gets `~2`, `~3`, ... Open it with `openStore` of `open.ts`.
 */
export interface Store {
  readonly path: string;
  /** Stores a recording with its samples; returns its id (`r1`). */
  saveRun(
    run: RunRecord,
    series: readonly SampleSeries[],
    samples: AsyncIterable<SampleColumns>,
    reasons: () => readonly string[],
  ): Promise<string>;
  run(idOrName: string): Promise<{ id: string; record: RunRecord }>;
  /** Samples of a run, in time order; `fields` limits the series. */
  samples(
    id: string,
    filter?: { source?: string; device?: string; field?: string },
  ): Promise<{ series: SampleSeries; timeNs: Float64Array; value: Float64Array }[]>;
  saveTrace(trace: Trace | TraceStream, name: string): Promise<string>;
  trace(idOrName: string): Promise<Trace & { readonly id: string }>;
  /** With `replace`, an entry of the same kind and name goes away for it (baselines). */
  saveDocument<K extends keyof DocumentKinds>(
    kind: K,
    name: string,
    document: DocumentKinds[K],
    options?: { readonly replace?: boolean },
  ): Promise<string>;
  document<K extends keyof DocumentKinds>(
    kind: K,
    idOrName: string,
  ): Promise<{ id: string; name: string; createdAt: string; document: DocumentKinds[K] }>;
  list(kind?: EntryKind): Promise<Entry[]>;
  /** The entry that an id or a name means, the newest of that name. @throws data error with near names when there is none. */
  find(idOrName: string): Promise<Entry>;
  /** Read-only SQL over the documented views, on a locked-down connection. */
  query(sql: string): Promise<{ columns: { name: string; type: string }[]; rows: Json[][] }>;
  /** The documented views with their columns and comments. */
  views(): Promise<
    {
      name: string;
      comment: string;
      columns: { name: string; type: string; comment: string }[];
    }[]
  >;
  /** As `query`, some thousand rows at a time, for exports of any size. */
  stream(
    sql: string,
  ): AsyncIterable<{ columns: { name: string; type: string }[]; rows: Json[][] }>;
  /** Writes the rows of a SELECT over the documented views as a Parquet file; not after `query`. */
  exportParquet(sql: string, file: string): Promise<void>;
  close(): Promise<void>;
}
