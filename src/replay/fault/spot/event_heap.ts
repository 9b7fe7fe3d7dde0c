/** Kinds of events in the order in which they happen at one instant. */
export const SPOT_EVENTS = {
  add: 1,
  remove: 2,
  ready: 4,
  rendezvous: 5,
  step: 7,
  saved: 8,
} as const;

export interface SpotEvent {
  readonly at: number;
  readonly kind: number;
  readonly node: number;
  /** Rendezvous version of a step. */
  readonly version: number;
}

function before(a: SpotEvent, b: SpotEvent): boolean {
  return a.at !== b.at ? a.at < b.at : a.kind < b.kind;
}

/**
 * A binary heap with the layout of Python's heapq: the published simulator decides whether a checkpoint
 * fails by reading its heap's array from the front, so that the layout is part of its results.
 */
export function createEventHeap() {
  const heap: SpotEvent[] = [];
  const siftDown = (start: number, from: number): void => {
    const item = heap[from];
    let at = from;
    while (at > start) {
      const parent = (at - 1) >> 1;
      if (!before(item, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = item;
  };
  const siftUp = (from: number): void => {
    const item = heap[from];
    let at = from;
    for (let child = 2 * at + 1; child < heap.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < heap.length && !before(heap[child], heap[right])) child = right;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = item;
    siftDown(from, at);
  };
  return {
    /** The array behind the heap, for those who must read its layout. */
    array: heap as readonly SpotEvent[],
    push(event: SpotEvent): void {
      heap.push(event);
      siftDown(0, heap.length - 1);
    },
    pop(): SpotEvent {
      const last = heap.pop()!;
      if (heap.length === 0) return last;
      const top = heap[0];
      heap[0] = last;
      siftUp(0);
      return top;
    },
    heapify(): void {
      for (let i = (heap.length >> 1) - 1; i >= 0; i--) siftUp(i);
    },
  };
}
