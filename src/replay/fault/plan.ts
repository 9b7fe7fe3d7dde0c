import type { FaultKind } from "../../model/trace/faults.ts";

/** A training job. */
export interface FaultJob {
  /** Useful seconds at full rate, Ts. */
  readonly usefulSeconds: number;
  /** Seconds of an iteration; 0 means training without steps. */
  readonly iterationSeconds: number;
  /** Whether failures during a recovery are ignored. */
  readonly restartImmune: boolean;
  /** End of the observation: how far a job is followed that stalls for good. */
  readonly horizonSeconds?: number;
  /** How much longer an iteration takes while a node straggles; 1 when absent. */
  readonly stragglerSlowdown?: number;
  /** Whether the timeline's spans are kept, for a picture. */
  readonly keepSpans?: boolean;
  /** Ends of recorded iterations, useful seconds from the start, repeated to the end of the job. */
  readonly iterationEnds?: ArrayLike<number>;
}

/** When a policy saves, in useful seconds. A segment ends with a save to memory or to storage. */
export interface ScheduleSpec {
  /** Useful seconds of a segment. */
  readonly segmentSeconds: number;
  /** Seconds that every segment's end blocks. */
  readonly blockSeconds: number;
  /** Every n-th segment's end is a save to remote storage. */
  readonly remoteEvery: number;
  /** Seconds that a remote save blocks beyond `blockSeconds`. */
  readonly remoteBlockSeconds: number;
  /** Seconds from the end of a remote save's block until it is durable. */
  readonly persistSeconds: number;
  /** Whether the job ends with a save. */
  readonly finalSave: boolean;
  /** Useful seconds of the first segment where it is shorter (saves out of step); a whole one when absent. */
  readonly firstSeconds?: number;
  /** Useful seconds of the first segments where they have lengths of their own; with `remoteEvery` 1. */
  readonly leadSeconds?: readonly number[];
}

export interface Failure {
  readonly seconds: number;
  readonly kind: FaultKind;
  /** -1 where unknown. */
  readonly node: number;
  /** NaN where unknown. */
  readonly downSeconds: number;
}

/** Which nodes are up; null for policies that replace every lost node at once. */
export interface NodeView {
  readonly up: number;
  readonly total: number;
  readonly downNodes: ReadonlySet<number>;
}

/** What a policy does about failures at one instant. */
export interface Recovery {
  /**
   * What training goes on from: the newest durable remote save, the newest segment end in memory, the start
   * of the iteration in flight, or the very state at the failure.
   */
  readonly restore: "remote" | "memory" | "iteration" | "none";
  readonly detect: number;
  readonly diagnose: number;
  readonly waitNode: number;
  readonly restart: number;
  readonly load: number;
  readonly reconfig: number;
  /** A planned stop, with its end known beforehand. */
  readonly planned?: number;
  /** GPUs that stop because of this failure. */
  readonly idledGpus: number;
  /** States newer than this wall time are tainted (silent data corruption). */
  readonly onset?: number;
}

/** A policy as the engine sees it. */
export interface FaultPlan {
  readonly schedule: ScheduleSpec;
  /** Whether the engine keeps track of which nodes are up. */
  readonly tracksNodes: boolean;
  /** Nodes of the cluster, spares included; used when `tracksNodes`. */
  readonly nodes: number;
  /** True when nothing fails while the job stalls (the assumption of F16). */
  readonly quietWhenStalled?: boolean;
  /** Training rate 0..1 with these nodes; 0 stalls the job. Called only when `tracksNodes`. */
  rate(view: NodeView): number;
  /** Reconfiguration when nodes came back and the rate changes. */
  rejoinSeconds(view: NodeView, stalled: boolean): number;
  recover(failures: readonly Failure[], at: number, view: NodeView | null): Recovery;
}

/** Plan parts of a job that needs no track of its nodes. */
export const REPLACED_AT_ONCE = {
  tracksNodes: false,
  nodes: 0,
  rate: (): number => 1,
  rejoinSeconds: (): number => 0,
} as const;
