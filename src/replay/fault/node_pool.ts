import type { FailureList } from "./failure_list.ts";
import type { NodeView } from "./plan.ts";

/** Which nodes of a cluster are up, and when those that are down come back. */
export interface NodePool {
  /** Takes a node down; false when it was down already (it is not in the job). */
  fail(node: number, at: number, downSeconds: number): boolean;
  /** Brings a node (back) by name; false when it was up. */
  add(node: number, at: number): boolean;
  nextRepair(): number;
  /** Brings back the node of {@link nextRepair}. */
  repair(): void;
  /** Brings back those that were down for no time: they lost a process, not their place in the job. */
  keepCrashed(at: number): void;
  view(): NodeView;
}

/** Index of `node_added` in the kinds. */
const ADDED = 8;

/**
 * A pool of `nodes` nodes. A node of unknown number is one that nothing else was said of; a node whose
 * first event is its arrival starts down, and one lost without a down time stays so until it arrives.
 */
export function createNodePool(list: FailureList, nodes: number): NodePool {
  const down = new Set<number>();
  const heap: { at: number; node: number }[] = [];
  const seen = new Set<number>();
  for (let i = 0; i < list.count; i++) {
    const node = list.node[i];
    if (node < 0 || seen.has(node)) continue;
    seen.add(node);
    if (list.kind[i] === ADDED) down.add(node);
  }
  let anonymous = -2;
  const push = (at: number, node: number): void => {
    let i = heap.length;
    heap.push({ at, node });
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent].at <= heap[i].at) break;
      [heap[parent], heap[i]] = [heap[i], heap[parent]];
      i = parent;
    }
  };
  const pop = (): { at: number; node: number } => {
    const top = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      for (let i = 0;;) {
        let small = i;
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < heap.length && heap[child].at < heap[small].at) small = child;
        }
        if (small === i) break;
        [heap[small], heap[i]] = [heap[i], heap[small]];
        i = small;
      }
    }
    return top;
  };
  const repair = (): void => {
    down.delete(pop().node);
  };
  return {
    fail(node, at, downSeconds) {
      const id = node < 0 ? anonymous-- : node;
      if (down.has(id)) return false;
      down.add(id);
      if (Number.isFinite(downSeconds)) push(at + downSeconds, id);
      return true;
    },
    add: (node) => down.delete(node),
    nextRepair: () => heap.length === 0 ? Infinity : heap[0].at,
    repair,
    keepCrashed(at) {
      while (heap.length > 0 && heap[0].at <= at) repair();
    },
    view: () => ({ up: Math.max(0, nodes - down.size), total: nodes, downNodes: down }),
  };
}
