import { fitNonNegative, median } from "../llm/least_squares.ts";
import { type ExecuteOptions, executeTraffic } from "./execute_traffic.ts";
import type { Traffic } from "../../model/traffic.ts";
import { lruTraffic } from "./lru_traffic.ts";

/** Seconds of one operation of a phase: `baseSeconds + secondsPerByte * bytes`. */
export interface OperationLaw {
  readonly baseSeconds: number;
  readonly secondsPerByte: number;
  /** Lowest and highest of measured over law, over all runs. */
  readonly low: number;
  readonly high: number;
  /** Largest relative deviation of a size's median from the law. */
  readonly residual: number;
}

/**
 * Laws by phase: `dram-read`, `dram-write`, `ssd-read`, `ssd-write`, `ssd-fsync`; `rest` is what an operation
 * costs outside its phase: making up and comparing contents, and the tool itself.
 */
export type TrafficLaws = Readonly<Record<string, OperationLaw>>;

/** How often each size is measured, and before that without counting: compiler and file system warm up. */
export interface CalibrationRounds {
  readonly counted: number;
  readonly warmUp: number;
}

const WHOLE: CalibrationRounds = { counted: 3, warmUp: 1 };
/** In a process that has calibrated before, to follow a drive that changes its speed. */
export const AGAIN: CalibrationRounds = { counted: 2, warmUp: 0 };

export interface TrafficCalibration {
  readonly rounds?: CalibrationRounds;
  /** Traffic like the judged one, executed with other block sizes; absent: generated traffic. */
  readonly like?: Traffic;
}

/** Block sizes to calibrate on: around the judged ones, never one of them; all fit O_DIRECT. */
export function calibrationSizes(judged: readonly number[]): number[] {
  const sizes = judged.flatMap((bytes) =>
    [0.5, 0.75, 1.5, 2].map((f) => Math.max(4096, Math.round(bytes * f / 4096) * 4096))
  );
  const others = [...new Set(sizes)].filter((size) => !judged.includes(size));
  return others.sort((a, b) => a - b);
}

/**
 * Measures how long operations take on this machine with traffic of other block sizes, with the judged run's
 * concurrency, directness and fsync policy. How much is in flight at once depends on the traffic, so traffic
 * like the judged one gives better laws than generated traffic.
 */
export async function calibrateTraffic(
  sizes: readonly number[],
  options: Omit<ExecuteOptions, "blockBytes" | "speed">,
  seed: number,
  { rounds = WHOLE, like }: TrafficCalibration = {},
): Promise<TrafficLaws> {
  const seen = new Map<string, { bytes: number; seconds: number[] }[]>();
  for (let repeat = -rounds.warmUp; repeat < rounds.counted; repeat++) {
    for (const [i, size] of sizes.entries()) {
      const traffic = like ?? lruTraffic({
        blockBytes: size,
        memoryBlocks: 16,
        distinctBlocks: 64,
        references: 400,
        seed: seed + 100 + repeat,
      });
      const done = await executeTraffic(traffic, { ...options, blockBytes: size, speed: 0 });
      if (repeat < 0) continue;
      const note = (name: string, seconds: number, operations: number) => {
        const points = seen.get(name) ?? sizes.map((bytes) => ({ bytes, seconds: [] }));
        seen.set(name, points);
        points[i].seconds.push(seconds / operations);
      };
      for (const phase of done.phases) note(phase.name, phase.seconds, phase.operations);
      const sum = (of: (p: typeof done.phases[number]) => number) =>
        done.phases.reduce((total, phase) => total + of(phase), 0);
      note(
        "rest",
        Math.max(1e-9, done.wallSeconds - sum((p) => p.seconds)),
        sum((p) => p.operations),
      );
    }
  }
  return Object.fromEntries(
    [...seen].map(([name, points]) => [name, fitOperation(points)]),
  );
}

function fitOperation(points: readonly { bytes: number; seconds: number[] }[]): OperationLaw {
  const medians = points.map((p) => median(p.seconds));
  const [baseSeconds, secondsPerByte] = fitNonNegative(points.map((p) => [1, p.bytes]), medians);
  const lawAt = (bytes: number) => baseSeconds + secondsPerByte * bytes;
  const ratios = points.flatMap((p) => p.seconds.map((s) => s / lawAt(p.bytes)));
  return {
    baseSeconds,
    secondsPerByte,
    low: Math.min(1, ...ratios),
    high: Math.max(1, ...ratios),
    residual: Math.max(...points.map((p, i) => Math.abs(lawAt(p.bytes) / medians[i] - 1))),
  };
}
