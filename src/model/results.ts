import type { RunEngine } from "./engine_config.ts";
import type { Evidence } from "./evidence.ts";
import type { Figure } from "./figure.ts";
import type { Json } from "./json.ts";
import type { Metrics } from "./metric.ts";
import type { Series } from "./policy.ts";
import type { StallSummary } from "./stalls.ts";
import type { TraceKind } from "./trace/trace.ts";
import type { Usage } from "./usage.ts";

/** Who made a document. */
export interface ToolStamp {
  readonly name: "spillway";
  readonly version: string;
}

/** Which trace a replay read. */
export interface TraceStamp {
  readonly id: string | null;
  readonly name: string;
  readonly kind: TraceKind;
  readonly format: string;
  readonly sha256: string | null;
  readonly rows: number;
}

/** One policy's result within a replay. */
export interface PolicyResult {
  readonly policy: string;
  readonly family: string;
  readonly params: { readonly [key: string]: Json };
  /** The values that a sweep gave to some of them, as they were written: "32GiB". */
  readonly swept?: { readonly [key: string]: string };
  readonly metrics: Metrics;
  readonly usage: Usage | null;
  readonly series?: readonly Series[];
  readonly figures?: readonly Figure[];
  readonly detail?: { readonly [key: string]: Json };
  readonly notes?: readonly string[];
  /** What the report says of the policy, so that it needs no registry. */
  readonly legend: {
    readonly summary: string;
    readonly reference: string;
    readonly lossy: boolean;
  };
}

/** One place in the ranking; equal values share a rank. */
export interface RankEntry {
  readonly rank: number;
  /** Index into `results`. */
  readonly result: number;
  readonly policy: string;
  /** The policy changes the model's answers: its rank is not one among equals. */
  readonly lossy?: true;
}

/** `--json` of every `replay` and what the store keeps (DESIGN section 4). */
export interface ReplayDocument {
  readonly schema: "spillway/replay/1";
  readonly tool: ToolStamp;
  /** The command line that made it, when it was stored: what a report shows to make it again. */
  readonly command?: readonly string[];
  readonly family: string;
  readonly trace: TraceStamp;
  /** Profiles as used, with their names; null where none was needed. */
  readonly profiles: { readonly [role: string]: Json };
  readonly seed: number;
  /** Why nothing should be concluded from it: the engine that its trace was recorded from is not reproduced. */
  readonly doubt?: string;
  readonly results: readonly PolicyResult[];
  /** Pictures of all results together, such as a metric over a swept parameter. */
  readonly figures?: readonly Figure[];
  readonly ranking: {
    /** Metric id the ranking sorts by, and its direction. */
    readonly by: string;
    readonly better: "lower" | "higher";
    readonly order: readonly RankEntry[];
    /** One sentence: what to do, and why. */
    readonly recommendation: string;
    /** The same results by other metrics, such as cost. */
    readonly others?: readonly {
      readonly by: string;
      readonly better: "lower" | "higher";
      readonly order: readonly RankEntry[];
    }[];
  };
}

/** Where a number of an estimate came from. */
export interface CoefficientUse {
  readonly id: string;
  readonly low: number;
  readonly mid: number;
  readonly high: number;
  readonly unit: string;
  readonly source: string;
  readonly asOf: string;
  readonly licence: string;
  readonly evidence: Evidence;
}

/** Formula of a number, and the ids of the coefficients that it reads. */
export interface Provenance {
  readonly formula: string;
  readonly coefficients: readonly string[];
}

/** `--json` of `estimate`. */
export interface EstimateDocument {
  readonly schema: "spillway/estimate/1";
  readonly tool: ToolStamp;
  /** The command line that made it, when it was stored. */
  readonly command?: readonly string[];
  /** What was estimated: a run, or a replay with its policies. */
  readonly subject: {
    readonly kind: "run" | "replay" | "trace";
    readonly id: string | null;
    readonly name: string;
  };
  readonly site: { readonly [key: string]: Json };
  readonly results: readonly {
    readonly name: string;
    readonly metrics: Metrics;
    /** Metric id -> coefficient ids and formula that made it. */
    readonly provenance: Readonly<Record<string, Provenance>>;
    readonly notes?: readonly string[];
  }[];
  readonly coefficients: readonly CoefficientUse[];
  /** Of a run with marks: energy between them. */
  readonly phases?: readonly PhaseUse[];
  /** Where a trace of requests was named. */
  readonly requests?: readonly RequestShare[];
  readonly warnings: readonly string[];
  /** The best result against each other one, with the coefficients that both use tied together. */
  readonly comparisons?: readonly EstimateComparison[];
  /** Lines over one coefficient, such as total carbon over grid intensity. */
  readonly crossover?: {
    readonly coefficient: string;
    readonly unit: string;
    readonly metric: string;
    readonly x: readonly number[];
    readonly lines: readonly { readonly name: string; readonly y: readonly number[] }[];
    /** Where the ranking of the first two lines changes; null when it does not. */
    readonly crossesAt: number | null;
    readonly evidence: Evidence;
    readonly coefficients: readonly string[];
  };
}

/** Energy of a stretch of a run between two marks. */
export interface PhaseUse {
  readonly name: string;
  /** Seconds from the start of the run. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly joules: number;
  readonly joulesLow: number;
  readonly joulesHigh: number;
  /** The part that counters and power samples give; null where none was read. */
  readonly measuredJoules: number | null;
  /** Of the run's energy. */
  readonly share: number | null;
  /** Operational; null where the site has no PUE or grid intensity. */
  readonly grams: number | null;
  readonly gramsLow: number | null;
  readonly gramsHigh: number | null;
  readonly evidence: Evidence;
  readonly provenance: Provenance;
}

/** Energy of a result shared over requests by token work; the sum is the total. */
export interface RequestShare {
  readonly result: string;
  readonly requests: number;
  /** Work of an output token against an input token. */
  readonly outputWeight: number;
  readonly totalJoules: number;
  readonly sumJoules: number;
  readonly meanJoules: number;
  readonly p50Joules: number;
  readonly p99Joules: number;
  readonly maxJoules: number;
  readonly p50Grams: number | null;
  readonly p99Grams: number | null;
  /** Share of the work that is input: what reuse of KV can save at most. */
  readonly inputShare: number | null;
  /** Ends of the interval over its middle: every figure in joules spans from `low` to `high` times itself. */
  readonly joulesSpan: { readonly low: number; readonly high: number } | null;
  readonly gramsSpan: { readonly low: number; readonly high: number } | null;
  readonly evidence: Evidence;
  readonly provenance: Provenance;
}

/** Does `first` stay below `second` whatever the coefficients are? */
export interface EstimateComparison {
  /** Share of seeded samples in which the first is lower; only where sampling was asked for. */
  readonly sampledShare?: number;
  readonly first: string;
  readonly second: string;
  readonly metric: string;
  /** `inventory` counts all embodied carbon, `decision` only what would not happen otherwise. */
  readonly view: "inventory" | "decision";
  /** First minus second. */
  readonly difference: { readonly low: number; readonly mid: number; readonly high: number };
  readonly verdict: "always" | "never" | "depends" | "equal";
  readonly flips: readonly {
    readonly coefficient: string;
    readonly at: number;
    readonly unit: string;
    readonly side: "above" | "below";
  }[];
  /** The verdict in words. */
  readonly sentence: string;
  readonly evidence: Evidence;
  /** Ids of the coefficients that either side reads, each tied between the two. */
  readonly coefficients: readonly string[];
}

/** Status of one source in a recording. */
export interface SourceStatus {
  readonly name: string;
  readonly status: "ok" | "partial" | "absent" | "denied";
  /** Why it is not ok; what to do about it. */
  readonly reason: string | null;
  readonly remedy: string | null;
  readonly samples: number;
  /** Nanoseconds from the start of the run at which it became partial. */
  readonly sinceNs: number | null;
}

/** A recording as stored (without its samples). */
export interface RunRecord {
  readonly schema: "spillway/run/1";
  readonly tool: ToolStamp;
  readonly name: string;
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** Wall clock at the start, nanoseconds since 1970 as a decimal string. */
  readonly startedUnixNs: string;
  readonly durationNs: number;
  readonly intervalNs: number;
  readonly status: "complete" | "partial";
  readonly statusReason: string | null;
  readonly exit: { readonly code: number | null; readonly signal: string | null };
  readonly sources: readonly SourceStatus[];
  readonly marks: readonly { readonly name: string; readonly timeNs: number }[];
  readonly recorder: {
    readonly ticks: number;
    readonly missedTicks: number;
    readonly latenessP50Ns: number;
    readonly latenessP99Ns: number;
    readonly cpuSeconds: number;
    readonly peakRssBytes: number;
  };
  /** Host name is left out on purpose; hardware and software that results depend on. */
  readonly fingerprint: { readonly [key: string]: Json };
  /** Counter deltas over the run (SMART before/after, block devices): the ledger. */
  readonly ledger: readonly {
    readonly source: string;
    readonly device: string;
    readonly field: string;
    readonly unit: string;
    readonly before: number | null;
    readonly after: number | null;
    readonly delta: number | null;
    readonly reason: string | null;
  }[];
  readonly metrics: Metrics;
  readonly usage: Usage | null;
  /** What each second was bound by; absent in runs of older releases. */
  readonly stalls?: StallSummary;
  /** The serving engine that ran meanwhile, when one was scraped or its files were given. */
  readonly engine?: RunEngine;
}
