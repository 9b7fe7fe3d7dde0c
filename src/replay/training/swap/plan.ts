import type { Tensors } from "../recorded.ts";

/** One tensor that leaves the GPU and comes back. Times are seconds. */
export interface Move {
  readonly tensor: number;
  readonly how: "host" | "ssd" | "recompute";
  readonly bytes: number;
  /** Out: start and end of the transfer; of a recomputation the moment it is dropped. */
  readonly outStart: number;
  readonly outEnd: number;
  readonly inStart: number;
  readonly inEnd: number;
  /** When its memory is free. */
  readonly awayFrom: number;
  readonly awayTo: number;
  /** Seconds the GPU waits for this move, or computes for it. */
  readonly costSeconds: number;
}

/** A plan: its moves, and whether the peak came under the limit. */
export interface SwapPlan {
  readonly moves: readonly Move[];
  readonly peakBytes: number;
  readonly costSeconds: number;
}

/**
 * Tensors that may leave: those that end within the trace and live longer than a moment. A tensor counts as used
 * when it is made and again just before it is freed, idle between: lifetimes say no more. What outlives the trace
 * (weights, optimizer state) has uses that the trace does not tell, and stays.
 */
export function movable(tensors: Tensors, minBytes: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < tensors.count; i++) {
    if (!Number.isFinite(tensors.end[i]) || tensors.end[i] <= tensors.start[i]) continue;
    if (tensors.bytes[i] >= minBytes) found.push(i);
  }
  return found;
}

/**
 * Seconds that computing a tensor again is taken to cost: until the next tensor was made, when it was made.
 * Indexed by tensor; tensors start in order.
 */
export function makingSeconds(tensors: Tensors): Float64Array {
  const seconds = new Float64Array(tensors.count);
  let next = tensors.seconds;
  for (let i = tensors.count - 1; i >= 0; i--) {
    if (i + 1 < tensors.count && tensors.start[i + 1] > tensors.start[i]) {
      next = tensors.start[i + 1];
    }
    seconds[i] = Math.max(0, next - tensors.start[i]);
  }
  return seconds;
}
