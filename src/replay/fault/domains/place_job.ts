import { usageError } from "../../../model/errors.ts";
import { counted } from "../../../model/plural.ts";
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

/** A job among those that share a cluster, by the sizes of all of them in nodes. */
export interface Slot {
  readonly job: number;
  readonly sizes: readonly number[];
}

/** The number of a cluster's node within the job; -1 for a node that is not the job's. */
type NumberInJob = (node: number) => number;

/** Jobs hold successive runs of nodes. */
function packed({ job, sizes }: Slot): NumberInJob {
  const first = sizes.slice(0, job).reduce((sum, size) => sum + size, 0);
  return (node) => node >= first && node < first + sizes[job] ? node - first : -1;
}

/** Jobs of one size take turns over the nodes, so that each is spread over all racks. */
function scatteredAlike({ job, sizes }: Slot, total: number): NumberInJob {
  const size = sizes[job];
  const stride = Math.max(1, Math.floor(total / size));
  return (node) =>
    node % stride === job % stride && node < stride * size ? Math.floor(node / stride) : -1;
}

/** Jobs of several sizes take turns in proportion to them (smooth weighted round robin). */
function scattered({ job, sizes }: Slot, total: number): NumberInJob {
  const used = sizes.reduce((sum, size) => sum + size, 0);
  const weights = [...sizes, Math.max(0, total - used)];
  const credit = weights.map(() => 0);
  const numbers = new Int32Array(total).fill(-1);
  let held = 0;
  for (let node = 0; node < total; node++) {
    weights.forEach((weight, j) => credit[j] += weight);
    const turn = credit.indexOf(Math.max(...credit));
    credit[turn] -= Math.max(total, used);
    if (turn === job) numbers[node] = held++;
  }
  return (node) => numbers[node] ?? -1;
}

/**
 * Failures of the nodes that a job holds. With a topology the job holds `size` real nodes of the cluster and
 * only their failures hit it; without one every failure of the trace is the job's, and node numbers beyond
 * the job's are taken modulo its size. A failure at an unknown node always hits.
 *
 * @param slot The job's place among others; null for a job alone.
 * @throws usage error when the cluster has fewer nodes than the jobs hold.
 */
export function failuresOfJob(
  cluster: ClusterFailures,
  size: number,
  allocation: Allocation,
  slot: Slot | null = null,
): JobFailures {
  const { list, event, nodes } = cluster;
  if (nodes === null && slot === null) {
    const whole = allOnJob(list, size);
    if (whole !== null) return whole;
  }
  const { job, sizes } = slot ?? { job: 0, sizes: [size] };
  const jobs = sizes.length;
  const wanted = sizes.reduce((sum, one) => sum + one, 0);
  if (nodes !== null && wanted > nodes) {
    throw usageError(
      `the topology has ${counted(nodes, "node")}, ${
        jobs === 1 ? "the job holds" : `the ${jobs} jobs hold`
      } ${wanted}`,
      `describe ${jobs === 1 ? "a smaller job" : "smaller or fewer jobs"} (gpus=N, gpusPerNode=N)`,
    );
  }
  const total = nodes ?? wanted;
  const alike = sizes.every((one) => one === size);
  const numberOf = nodes === null || allocation === "packed"
    ? packed({ job, sizes })
    : alike
    ? scatteredAlike({ job, sizes }, total)
    : scattered({ job, sizes }, total);
  const placed: NumberInJob = (node) => numberOf(nodes === null ? node % total : node);
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
