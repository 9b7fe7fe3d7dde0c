/** Kinds of failures (reference: what survives which kind). */
export const FAULT_KINDS = [
  "software",
  "hang",
  "gpu",
  "node",
  "network",
  "sdc",
  "preemption",
  "straggler",
  "node_added",
  "unknown",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * A batch of failures, one column an attribute, in time order. Times are float seconds from the start
 * of the trace: traces span years, and a year in nanoseconds passes 2^53.
 */
export interface FaultColumns {
  readonly kind: "faults";
  readonly count: number;
  readonly startSeconds: Float64Array;
  /** Index into {@link FAULT_KINDS}. */
  readonly faultKind: Uint8Array;
  /** Dense node number; -1 where unknown. */
  readonly node: Int32Array;
  /** Seconds until the node is back; NaN where unknown. */
  readonly downSeconds: Float64Array;
}

export interface FaultTraceMeta {
  /** Nodes of the cluster; null where the trace does not say. */
  readonly nodeCount: number | null;
  /** Observation window in seconds; null where the trace does not say. */
  readonly spanSeconds: number | null;
  /** Names of the dense nodes, as recorded. */
  readonly nodes: readonly string[];
}
