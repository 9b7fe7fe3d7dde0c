import {
  type DomainLevel,
  faultKindIndex,
  type FaultTraceMeta,
} from "../../../model/trace/faults.ts";
import type { FailureList } from "../failure_list.ts";
import { indexTopology } from "./topology_index.ts";

/** The failures of a trace as failures of the cluster's nodes. */
export interface ClusterFailures {
  readonly list: FailureList;
  /** Row of the trace that each failure comes from: the nodes of one switch fail as one event. */
  readonly event: Int32Array;
  /** Nodes of the cluster, in the order of the topology; null where there is none. */
  readonly nodes: number | null;
  /** Rows whose node the topology does not hold; they hit the job at an unknown node. */
  readonly unplaced: number;
}

const NETWORK = faultKindIndex("network");

/**
 * Turns each failure into the failures of all nodes that go down with it: a named rack, switch or power feed
 * takes its nodes along, a row with a stated level the domain of its node, and a network failure the nodes
 * of its switch (reference: "unreachable as a group"). Without a topology the rows stay as they are.
 */
export function expandFailures(rows: FailureList, meta: FaultTraceMeta): ClusterFailures {
  const { topology } = meta;
  if (topology === undefined) {
    const event = new Int32Array(rows.count);
    for (let i = 0; i < rows.count; i++) event[i] = i;
    return { list: rows, event, nodes: null, unplaced: 0 };
  }
  const index = indexTopology(topology);
  const levels = new Map<number, DomainLevel>(meta.domainRows ?? []);
  const origin: number[] = [];
  const node: number[] = [];
  let unplaced = 0;
  for (let i = 0; i < rows.count; i++) {
    const level = levels.get(i) ?? (rows.kind[i] === NETWORK ? "switch" : null);
    const name = meta.nodes[rows.node[i]];
    const hit = name === undefined ? null : index.nodesOf(name, level);
    if (hit === null) unplaced++;
    for (const id of hit ?? [-1]) {
      origin.push(i);
      node.push(id);
    }
  }
  return {
    list: {
      count: origin.length,
      seconds: Float64Array.from(origin, (i) => rows.seconds[i]),
      kind: Uint8Array.from(origin, (i) => rows.kind[i]),
      node: Int32Array.from(node),
      downSeconds: Float64Array.from(origin, (i) => rows.downSeconds[i]),
    },
    event: Int32Array.from(origin),
    nodes: index.count,
    unplaced,
  };
}
