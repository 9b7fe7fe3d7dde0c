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
  "planned",
] as const;

/** Index of a kind in the columns. */
export function faultKindIndex(kind: FaultKind): number {
  return FAULT_KINDS.indexOf(kind);
}

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

/** What fails at once: a level of the failure-domain tree, small to large. */
export const DOMAIN_LEVELS = ["gpu", "node", "rack", "switch", "power"] as const;

export type DomainLevel = (typeof DOMAIN_LEVELS)[number];

/** A node of the failure-domain tree with the domains it stands in; null where unknown. */
export interface PlacedNode {
  readonly name: string;
  readonly rack: string | null;
  readonly switch: string | null;
  readonly power: string | null;
  /** Names of its GPUs, where failures name those. */
  readonly gpus: readonly string[];
}

/** Where the nodes of a cluster stand, in the order in which a job takes them. */
export interface FailureTopology {
  /** File or trace it came from. */
  readonly source: string;
  readonly nodes: readonly PlacedNode[];
}

/** A job as a scheduler logged it. Times are seconds from the start of the trace. */
export interface LoggedJob {
  readonly id: string;
  readonly name: string | null;
  readonly user: string | null;
  readonly state: string;
  readonly nodes: number | null;
  readonly gpus: number | null;
  readonly startSeconds: number | null;
  readonly endSeconds: number | null;
}

export interface FaultTraceMeta {
  /** Nodes of the cluster; null where the trace does not say. */
  readonly nodeCount: number | null;
  /** Observation window in seconds; null where the trace does not say. */
  readonly spanSeconds: number | null;
  /** Names of the dense nodes, as recorded: of nodes, or of any domain of the topology. */
  readonly nodes: readonly string[];
  /** Where the nodes stand; absent where neither the trace nor a file says. */
  readonly topology?: FailureTopology;
  /** Rows that took more or less than their node along, where the trace says so. */
  readonly domainRows?: readonly (readonly [row: number, level: DomainLevel])[];
  /** Jobs of a scheduler's log. */
  readonly jobs?: readonly LoggedJob[];
}
