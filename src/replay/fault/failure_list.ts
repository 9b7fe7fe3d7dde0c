import { FAULT_KINDS } from "../../model/trace/faults.ts";
import type { Failure } from "./plan.ts";

/** Failures of a trace, in time order: columns as fed, joined. */
export interface FailureList {
  readonly count: number;
  readonly seconds: ArrayLike<number>;
  readonly kind: ArrayLike<number>;
  readonly node: ArrayLike<number>;
  readonly downSeconds: ArrayLike<number>;
}

/** One failure of a list. */
export function readFailure(list: FailureList, i: number): Failure {
  return {
    seconds: list.seconds[i],
    kind: FAULT_KINDS[list.kind[i]] ?? "unknown",
    node: list.node[i],
    downSeconds: list.downSeconds[i],
  };
}

/**
 * The failures of a list from a time on; nodes that were added before are there at that time.
 *
 * @param added Index of the kind of an added node.
 */
export function failuresFrom(list: FailureList, seconds: number, added: number): FailureList {
  if (seconds <= 0) return list;
  const kept: number[] = [];
  for (let i = 0; i < list.count; i++) {
    if (list.seconds[i] >= seconds || list.kind[i] === added) kept.push(i);
  }
  return {
    count: kept.length,
    seconds: Float64Array.from(kept, (i) => Math.max(seconds, list.seconds[i])),
    kind: Uint8Array.from(kept, (i) => list.kind[i]),
    node: Int32Array.from(kept, (i) => list.node[i]),
    downSeconds: Float64Array.from(kept, (i) => list.downSeconds[i]),
  };
}
