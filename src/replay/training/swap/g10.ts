import type { Tensors } from "../recorded.ts";
import { createLane, type Lane } from "./lane.ts";
import { movable, type Move, type SwapPlan } from "./plan.ts";
import { createResidency, type Residency } from "./residency.ts";

export interface G10Machine {
  readonly limitBytes: number;
  readonly hostBytes: number;
  readonly hostBytesPerSecond: number;
  readonly ssdReadBytesPerSecond: number;
  readonly ssdWriteBytesPerSecond: number;
  /** Latencies of a transfer: the drive's read and write, the system's share of every migration. */
  readonly ssdReadSeconds: number;
  readonly ssdWriteSeconds: number;
  readonly systemSeconds: number;
  /** Idle intervals must exceed `(2 + delta)` transfers. */
  readonly delta: number;
  readonly minBytes: number;
}

interface Path {
  readonly how: "host" | "ssd";
  readonly outSeconds: number;
  readonly inSeconds: number;
  /** Seconds of one transfer as the rule counts it. */
  readonly ruleSeconds: number;
}

function pathOf(machine: G10Machine, how: "host" | "ssd", bytes: number): Path {
  const host = machine.systemSeconds + bytes / machine.hostBytesPerSecond;
  if (how === "host") return { how, outSeconds: host, inSeconds: host, ruleSeconds: host };
  // A drive's bytes cross the same host link: the slower of both counts.
  const write = machine.ssdWriteSeconds + machine.systemSeconds +
    bytes / Math.min(machine.ssdWriteBytesPerSecond, machine.hostBytesPerSecond);
  const read = machine.ssdReadSeconds + machine.systemSeconds +
    bytes / Math.min(machine.ssdReadBytesPerSecond, machine.hostBytesPerSecond);
  return { how, outSeconds: write, inSeconds: read, ruleSeconds: Math.max(write, read) };
}

/**
 * G10's planning (MICRO 2023; artifact, analysis.cc) on lifetimes: of the tensors that are idle long enough for a
 * drive, else for host memory, repeatedly take the one with the largest `size x time that its absence spends above
 * the limit`; out at once, back as late as the links allow; stop when the residency stays within the limit.
 */
export function planMigrations(tensors: Tensors, machine: G10Machine): SwapPlan {
  const residency = createResidency(tensors);
  const [down, up] = [createLane(), createLane()];
  const open = new Set(movable(tensors, machine.minBytes));
  const moves: Move[] = [];
  for (;;) {
    const peak = residency.peakSlot();
    if (peak < 0 || residency.bytes[peak] <= machine.limitBytes) break;
    let best: { move: Move; benefit: number } | null = null;
    for (const tensor of open) {
      const idle = tensors.end[tensor] - tensors.start[tensor];
      const move = moveOf(tensors, tensor, idle, machine, down, up, moves);
      if (move === null) continue;
      const benefit = move.bytes *
        residency.secondsAbove(move.awayFrom, move.awayTo, machine.limitBytes);
      if (benefit > 0 && (best === null || benefit > best.benefit)) best = { move, benefit };
    }
    if (best === null) break;
    take(best.move, residency, down, up);
    open.delete(best.move.tensor);
    moves.push(best.move);
  }
  const peak = residency.peakSlot();
  return { moves, peakBytes: peak < 0 ? 0 : residency.bytes[peak], costSeconds: 0 };
}

function take(move: Move, residency: Residency, down: Lane, up: Lane): void {
  down.reserve(move.outStart, move.outEnd - move.outStart);
  up.reserve(move.inStart, move.inEnd - move.inStart);
  residency.takeOut(move.awayFrom, move.awayTo, move.bytes);
}

/** Bytes of earlier moves that lie in host memory at some time of `from..to`: an upper bound of their peak. */
function hostHeld(moves: readonly Move[], from: number, to: number): number {
  return moves.reduce(
    (sum, m) => sum + (m.how === "host" && m.outStart < to && m.inEnd > from ? m.bytes : 0),
    0,
  );
}

function moveOf(
  tensors: Tensors,
  tensor: number,
  idle: number,
  machine: G10Machine,
  down: Lane,
  up: Lane,
  moves: readonly Move[],
): Move | null {
  const bytes = tensors.bytes[tensor];
  const [from, until] = [tensors.start[tensor], tensors.end[tensor]];
  for (const how of ["ssd", "host"] as const) {
    if (how === "ssd" && machine.ssdWriteBytesPerSecond <= 0) continue;
    const path = pathOf(machine, how, bytes);
    if (idle <= (2 + machine.delta) * path.ruleSeconds) continue;
    if (how === "host" && hostHeld(moves, from, until) + bytes > machine.hostBytes) continue;
    const outStart = down.earliest(from, path.outSeconds);
    const outEnd = outStart + path.outSeconds;
    const inStart = up.latest(until, path.inSeconds, outEnd);
    if (Number.isNaN(inStart)) continue;
    return {
      tensor,
      how,
      bytes,
      outStart,
      outEnd,
      inStart,
      inEnd: inStart + path.inSeconds,
      awayFrom: outEnd,
      awayTo: inStart,
      costSeconds: 0,
    };
  }
  return null;
}
