import type { Sequence } from "./request.ts";

/** Requests that wait to be started: first come first served, preempted ones before all others. */
export interface WaitingLine {
  readonly length: number;
  head(): Sequence | null;
  /** The one that many places behind the head, among those that were not preempted; null beyond the end. */
  at(place: number): Sequence | null;
  /** Removes the head. */
  dequeue(): void;
  enqueue(sequence: Sequence): void;
  /** Puts a preempted sequence in front. */
  putBack(sequence: Sequence): void;
}

/** Makes an empty line. */
export function createWaitingLine(): WaitingLine {
  const line: Sequence[] = [];
  const preempted: Sequence[] = [];
  let first = 0;
  return {
    get length() {
      return line.length - first + preempted.length;
    },
    head: () => preempted.at(-1) ?? line[first] ?? null,
    at: (place) => line[first + place] ?? null,
    dequeue() {
      if (preempted.length > 0) {
        preempted.pop();
        return;
      }
      first++;
      if (first > 1024 && 2 * first > line.length) {
        line.splice(0, first);
        first = 0;
      }
    },
    enqueue(sequence) {
      line.push(sequence);
    },
    putBack(sequence) {
      preempted.push(sequence);
    },
  };
}
