import type { AdviceDocument } from "../model/advice.ts";
import type { ScoreDocument } from "../model/prediction.ts";
import type { EstimateDocument, ReplayDocument, RunRecord } from "../model/results.ts";
import type { SampleSeries } from "../model/trace/samples.ts";
import type { BrowserRuntime } from "./interactive.ts";

/** One line of counters of a recording. */
export interface RecordedLine {
  readonly series: SampleSeries;
  readonly timeNs: Float64Array;
  readonly value: Float64Array;
}

/** The verdict of a gate as a report shows it. */
export interface GateDocument {
  readonly verdict: string;
  readonly exitCode: number;
  readonly subject: string;
  readonly baseline: string | null;
  readonly rules: readonly {
    readonly name: string;
    readonly kind: string;
    readonly level: string;
    readonly status: string;
    readonly unit: string;
    readonly reference: number | null;
    readonly current: number | null;
    readonly delta: number | null;
    readonly reason: string;
  }[];
}

/** Everything a report is made of: documents of the store, in the order they were named. */
export type ReportItem =
  | {
    readonly kind: "run";
    readonly id: string;
    readonly record: RunRecord;
    readonly lines: readonly RecordedLine[];
  }
  | { readonly kind: "replay"; readonly id: string; readonly document: ReplayDocument }
  | { readonly kind: "estimate"; readonly id: string; readonly document: EstimateDocument }
  | { readonly kind: "advice"; readonly id: string; readonly document: AdviceDocument }
  | {
    readonly kind: "score";
    readonly id: string;
    readonly name: string;
    readonly document: ScoreDocument;
  }
  | {
    readonly kind: "gate";
    readonly id: string;
    readonly name: string;
    readonly document: GateDocument;
  };

export interface ReportInput {
  readonly title: string;
  readonly items: readonly ReportItem[];
  /** Show first how the second item differs from the first. */
  readonly diff?: boolean;
  /** Commands that make the report again. */
  readonly commands: readonly string[];
  readonly version: string;
  /** ISO time to print, null for a report whose bytes depend on its input alone. */
  readonly stamp: string | null;
  /** What the page needs so that charts can be explored; without it they are pictures only. */
  readonly browser?: BrowserRuntime | null;
}
