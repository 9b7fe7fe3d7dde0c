import { faultKindIndex } from "../../../model/trace/faults.ts";
import type { FailureList } from "../failure_list.ts";
import type { ClusterFailures } from "./expand.ts";

/** Which nodes of a cluster a job takes: the first ones, or evenly spaced ones (over racks and switches). */
export const ALLOCATIONS = ["packed", "scattered"] as const;
export type Allocation = (typeof ALLOCATIONS)[number];

/** The failures that hit one job, its nodes numbered from 0. */
export interface JobFailures {
  readonly list: FailureList;
  /** Failures counted as the trace counts them: a switch that takes 16 nodes along is one. */
  readonly events: number;
}

const ADDED = faultKindIndex("node_added");

/** The list itself when the job holds all of its nodes; null otherwise. */
function allOnJob(list: FailureList, size: number): JobFailures | null {
  let events = 0;
  for (let i = 0; i < list.count; i++) {
    if (list.node[i] >= size) return null;
    if (list.kind[i] !== ADDED) events++;
  }
  return { list, events };
}

/**
 * Failures of the nodes that a job holds. With a topology the job holds `size` real nodes of the cluster and
 * only their failures hit it; without one every failure of the trace is the job's, and node numbers beyond
 * the job's are taken modulo its size. A failure at an unknown node always hits.
 *
 * @param job Jobs hold successive runs of nodes (packed); 0 for a job alone.
 */
export function failuresOfJob(
  cluster: ClusterFailures,
  size: number,
  allocation: Allocation,
  job = 0,
  jobs = 1,
): JobFailures {
  const { list, event, nodes } = cluster;
  if (nodes === null && jobs === 1) {
    const whole = allOnJob(list, size);
    if (whole !== null) return whole;
  }
  const total = nodes ?? size * jobs;
  const placed = (node: number): number => {
    if (nodes === null) {
      if (jobs === 1) return node >= size ? node % size : node;
      const at = node % total;
      return Math.floor(at / size) === job ? at % size : -1;
    }
    if (allocation === "packed") {
      return Math.floor(node / size) === job ? node % size : -1;
    }
    const stride = Math.max(1, Math.floor(total / size));
    return node % stride === job % stride && node < stride * size ? Math.floor(node / stride) : -1;
  };
  const kept: number[] = [];
  const ids: number[] = [];
  let events = 0;
  let last = -1;
  for (let i = 0; i < list.count; i++) {
    let id = list.node[i];
    if (id >= 0) {
      id = placed(id);
      if (id < 0) continue;
    } else if (jobs > 1 && event[i] % jobs !== job) continue;
    kept.push(i);
    ids.push(id);
    if (event[i] !== last && list.kind[i] !== ADDED) events++;
    last = event[i];
  }
  const unchanged = kept.length === list.count && ids.every((id, i) => id === list.node[i]);
  if (unchanged) return { list, events };
  return {
    list: {
      count: kept.length,
      seconds: Float64Array.from(kept, (i) => list.seconds[i]),
      kind: Uint8Array.from(kept, (i) => list.kind[i]),
      node: Int32Array.from(ids),
      downSeconds: Float64Array.from(kept, (i) => list.downSeconds[i]),
    },
    events,
  };
}
