import { createMinHeap } from "../shared/min_heap.ts";
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
  const heap = createMinHeap();
  // When each node comes back: one that arrived earlier and is lost again has an older repair in the heap.
  const back = new Map<number, number>();
  const seen = new Set<number>();
  for (let i = 0; i < list.count; i++) {
    const node = list.node[i];
    if (node < 0 || seen.has(node)) continue;
    seen.add(node);
    if (list.kind[i] === ADDED) down.add(node);
  }
  let anonymous = -2;
  const repair = (): void => {
    const at = heap.peekKey();
    const node = heap.pop();
    if (back.get(node) === at) down.delete(node);
  };
  return {
    fail(node, at, downSeconds) {
      const id = node < 0 ? anonymous-- : node;
      if (down.has(id)) return false;
      down.add(id);
      back.delete(id);
      if (Number.isFinite(downSeconds)) {
        back.set(id, at + downSeconds);
        heap.push(at + downSeconds, id);
      }
      return true;
    },
    add: (node) => down.delete(node),
    nextRepair: heap.peekKey,
    repair,
    keepCrashed(at) {
      while (heap.peekKey() <= at) repair();
    },
    view: () => ({ up: Math.max(0, nodes - down.size), total: nodes, downNodes: down }),
  };
}
