import type { z } from "zod";
import type { Eviction } from "./eviction.ts";
import type { Figure } from "./figure.ts";
import type { LinearSolver } from "./linear_program.ts";
import type { Metrics } from "./metric.ts";
import type { Profiles } from "./profiles/profiles.ts";
import type { Json } from "./json.ts";
import type { TraceKind, TraceKinds } from "./trace/trace.ts";
import type { TrafficSink } from "./traffic.ts";
import type { Usage } from "./usage.ts";
import type { PolicyResult, RankEntry } from "./results.ts";

/** Families of policies that `replay` ranks. */
export type PolicyFamily =
  | "allocator"
  | "offload"
  | "conversation"
  | "training"
  | "loader"
  | "fault";

/**
 * A policy: one file under `src/replay/<family>/policies/`, exporting `policy`. Everything the tool
 * shows about it (flags, help, legends, `explain`) comes from this object.
 *
 * @typeParam K Kind of trace the policy reads.
 * @typeParam P Parameters after parsing.
 */
export interface Policy<K extends TraceKind = TraceKind, P = unknown> {
  /** Kebab-case, unique in its family: `pytorch-caching`. */
  readonly name: string;
  readonly family: PolicyFamily;
  /** One line for lists. */
  readonly summary: string;
  /** Paper, section, code base and version the policy follows. */
  readonly reference: string;
  /** What of the original is left out here, and why; absent when nothing is. */
  readonly limits?: string;
  /** The kinds of trace it can replay. */
  readonly accepts: readonly K[];
  /** zod object; each field has `.describe()` and a default, so that `--set k=v` and help come from it. */
  readonly params: z.ZodType<P>;
  /** True when the policy changes results of the model (lossy compression): never ranked silently. */
  readonly lossy?: boolean;
  create(params: P, context: ReplayContext<K>): Replay<K>;
  /** For policies whose replay is several independent ones, so that each core can take one. */
  readonly parts?: ReplayParts<P>;
  /**
   * For policies whose memory can be given any size: whether the whole trace runs in so many bytes without
   * running out. A search for the smallest size asks it, in many threads over the same batches.
   */
  fits?(
    params: P,
    context: ReplayContext<K>,
    batches: readonly TraceKinds[K]["columns"][],
    capacityBytes: number,
  ): boolean;
}

/** How a replay is cut into parts that run apart, and put together again. */
export interface ReplayParts<P> {
  /** Names of the parts under these parameters; one or none when there is nothing to cut. */
  of(params: P): readonly string[];
  /** The whole outcome from those of the parts, in their order; the same as without parts. */
  join(outcomes: readonly ReplayOutcome[]): ReplayOutcome;
}

/** What a replay may know besides its parameters. No clock, no I/O, no randomness but the seed. */
export interface ReplayContext<K extends TraceKind = TraceKind> {
  readonly meta: TraceKinds[K]["meta"];
  readonly profiles: Profiles;
  readonly seed: number;
  /** Largest number of points a series may keep. */
  readonly seriesPoints: number;
  /** Every registered eviction, for policies with caches; the command line fills it from the registry. */
  readonly evictions?: readonly Eviction[];
  /** The only part to replay, of the policy's {@link ReplayParts}; absent: all of them. */
  readonly part?: string;
  /** Called with one line an operation or step, by policies that can tell what happened in each. */
  readonly onEvent?: (line: { readonly [key: string]: Json }) => void;
  /** Solves linear and integer programs, for policies that plan with them; filled for their families. */
  readonly solver?: LinearSolver;
  /** Told of each request of a serving replay as it ends, for comparing with a recorded run. */
  readonly onRequest?: (outcome: RequestOutcome) => void;
  /** Wants the block traffic of the tiers, to execute it physically; given to one replay alone. */
  readonly traffic?: TrafficSink;
}

/** How one request of a serving replay fared. */
export interface RequestOutcome {
  /** Position in order of arrival. */
  readonly index: number;
  readonly ttftSeconds: number;
  readonly latencySeconds: number;
}

/** A replay in progress: fed batches in order, then finished once. */
export interface Replay<K extends TraceKind = TraceKind> {
  feed(columns: TraceKinds[K]["columns"]): void;
  finish(): ReplayOutcome;
}

/** A line over time (or over another axis) that a report can draw. */
export interface Series {
  readonly id: string;
  readonly title: string;
  readonly xUnit: "seconds" | "index" | "blocks" | "bytes" | "percent";
  readonly unit: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

export interface ReplayOutcome {
  readonly metrics: Metrics;
  /** What an estimate needs; null when the policy uses nothing that can be priced. */
  readonly usage: Usage | null;
  readonly series?: readonly Series[];
  /** Pictures that a line over an axis cannot show: a segment map, the time line of a step. */
  readonly figures?: readonly Figure[];
  /** Family-specific facts in JSON (a segment map, the phases of a run). */
  readonly detail?: { readonly [key: string]: Json };
  /** Sentences a reader must know, such as "3.1 GiB is stranded by 14 blocks". */
  readonly notes?: readonly string[];
}

/** What the command line must know of a family to rank and to print it: `src/replay/<family>/family.ts`. */
export interface Family {
  readonly name: PolicyFamily;
  /** Metric id the ranking sorts by; results where it is null come last. */
  readonly rankBy: string;
  readonly better: "lower" | "higher";
  /** Metric ids of the printed table, most telling first; a narrow terminal shows fewer. */
  readonly columns: readonly string[];
  /** Short names of policies. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Parameters that a word after a policy's name sets: `gemini+spares`. */
  readonly modifiers?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** One sentence: what to do and why, from results in ranking order (indices into `results`). */
  recommend(results: readonly PolicyResult[], order: readonly RankEntry[]): string;
}
