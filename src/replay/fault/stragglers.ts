import { createMinHeap } from "../shared/min_heap.ts";

/** Nodes that work but slowly; while there is one, the whole job waits for it at every step. */
export interface Stragglers {
  /** A node straggles until a wall time. */
  add(until: number): void;
  active(): boolean;
  /** When the next one is found and replaced; Infinity when there is none. */
  nextEnd(): number;
  /** Takes the one of {@link nextEnd} away. */
  end(): void;
}

export function createStragglers(): Stragglers {
  // Most traces have none: the heap is made with the first.
  let heap: ReturnType<typeof createMinHeap> | null = null;
  return {
    add(until) {
      heap ??= createMinHeap();
      heap.push(until, 0);
    },
    active: () => heap !== null && heap.size > 0,
    nextEnd: () => heap?.peekKey() ?? Infinity,
    end() {
      heap?.pop();
    },
  };
}
