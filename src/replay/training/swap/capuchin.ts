import type { Tensors } from "../recorded.ts";
import { createLane } from "./lane.ts";
import { makingSeconds, movable, type Move, type SwapPlan } from "./plan.ts";
import { createResidency } from "./residency.ts";

export interface SwapMachine {
  readonly limitBytes: number;
  readonly uploadBytesPerSecond: number;
  readonly downloadBytesPerSecond: number;
  readonly latencySeconds: number;
  readonly minBytes: number;
  readonly ways: "both" | "swap" | "recompute";
}

/**
 * Capuchin's choice (ASPLOS 2020) on lifetimes: at the fullest moment take the tensor with the largest free time
 * (swap-in start - swap-out end) whose swap hides behind the step; when none hides, the way that costs least for
 * each byte: a swap that the GPU waits for, or computing the tensor again (MSPS, memory saved per second).
 */
export function planSwaps(tensors: Tensors, machine: SwapMachine): SwapPlan {
  const residency = createResidency(tensors);
  const [down, up] = [createLane(), createLane()];
  const making = makingSeconds(tensors);
  const open = new Set(movable(tensors, machine.minBytes));
  const moves: Move[] = [];
  const seconds = (bytes: number, rate: number) => machine.latencySeconds + bytes / rate;

  const swapOf = (tensor: number, peakTime: number, peakEnd: number): Move | null => {
    const bytes = tensors.bytes[tensor];
    const [out, back] = [
      seconds(bytes, machine.downloadBytesPerSecond),
      seconds(bytes, machine.uploadBytesPerSecond),
    ];
    const outStart = down.earliest(tensors.start[tensor], out);
    const outEnd = outStart + out;
    const hidden = up.latest(tensors.end[tensor], back, Math.max(outEnd, peakEnd));
    if (outEnd <= peakTime && !Number.isNaN(hidden)) {
      return {
        tensor,
        how: "host",
        bytes,
        outStart,
        outEnd,
        inStart: hidden,
        inEnd: hidden + back,
        awayFrom: outEnd,
        awayTo: hidden,
        costSeconds: 0,
      };
    }
    // The GPU waits: at the peak until the tensor is out, at its use until it is back.
    const inStart = up.earliest(Math.max(outEnd, peakEnd), back);
    const waits = Math.max(0, outEnd - peakTime) +
      Math.max(0, inStart + back - tensors.end[tensor]);
    return {
      tensor,
      how: "host",
      bytes,
      outStart,
      outEnd,
      inStart,
      inEnd: inStart + back,
      awayFrom: Math.min(outEnd, peakTime),
      awayTo: Math.min(inStart, tensors.end[tensor]),
      costSeconds: waits,
    };
  };
  const recomputeOf = (tensor: number, peakTime: number, peakEnd: number): Move | null => {
    const cost = making[tensor];
    const dropped = tensors.start[tensor] + cost;
    const again = tensors.end[tensor] - cost;
    if (cost <= 0 || dropped > peakTime || again < peakEnd) return null;
    return {
      tensor,
      how: "recompute",
      bytes: tensors.bytes[tensor],
      outStart: dropped,
      outEnd: dropped,
      inStart: again,
      inEnd: tensors.end[tensor],
      awayFrom: dropped,
      awayTo: again,
      costSeconds: cost,
    };
  };
  const freeTime = (m: Move) => m.awayTo - m.awayFrom;

  for (;;) {
    const peak = residency.peakSlot();
    if (peak < 0 || residency.bytes[peak] <= machine.limitBytes) break;
    const peakTime = residency.at[peak];
    const peakEnd = residency.at[peak + 1] ?? Infinity;
    let best: Move | null = null;
    for (const tensor of open) {
      if (tensors.start[tensor] >= peakTime || tensors.end[tensor] <= peakEnd) continue;
      const ways = [
        machine.ways === "recompute" ? null : swapOf(tensor, peakTime, peakEnd),
        machine.ways === "swap" ? null : recomputeOf(tensor, peakTime, peakEnd),
      ];
      for (const move of ways) {
        if (move !== null && (best === null || better(move, best, freeTime))) best = move;
      }
    }
    if (best === null) break;
    open.delete(best.tensor);
    if (best.how === "host") {
      down.reserve(best.outStart, best.outEnd - best.outStart);
      up.reserve(best.inStart, best.inEnd - best.inStart);
    }
    residency.takeOut(best.awayFrom, best.awayTo, best.bytes);
    moves.push(best);
  }
  const peak = residency.peakSlot();
  return {
    moves,
    peakBytes: peak < 0 ? 0 : residency.bytes[peak],
    costSeconds: moves.reduce((sum, m) => sum + m.costSeconds, 0),
  };
}

/** Hidden moves before others, by free time; then the least cost a byte. */
function better(a: Move, b: Move, freeTime: (m: Move) => number): boolean {
  if (a.costSeconds === 0 || b.costSeconds === 0) {
    if (a.costSeconds !== b.costSeconds) return a.costSeconds === 0;
    return freeTime(a) * a.bytes > freeTime(b) * b.bytes;
  }
  return a.costSeconds / a.bytes < b.costSeconds / b.bytes;
}
