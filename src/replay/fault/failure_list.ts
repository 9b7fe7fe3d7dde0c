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
