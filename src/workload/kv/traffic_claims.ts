import { limitedSeconds } from "../../model/engine_time.ts";
import type { Claim } from "../../model/prediction.ts";
import { movedBytes, type Traffic } from "../../model/traffic.ts";
import { THROTTLE_SLICE_SECONDS } from "../../runtime/io_throttle.ts";
import type { OperationLaw, TrafficLaws } from "./calibrate_traffic.ts";

/** What a run may be off by: saving and loading within 15 %. */
const WITHIN = 0.15;

/** Operations by phase, as the traffic says; or the sum of something of their shares of a block. */
export function countOperations(
  traffic: Traffic,
  of: (share: number) => number = () => 1,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < traffic.count; i++) {
    if (traffic.op[i] > 1) continue;
    const phase = `${traffic.tiers[traffic.tier[i]]}-${traffic.op[i] === 0 ? "write" : "read"}`;
    counts.set(phase, (counts.get(phase) ?? 0) + of(traffic.share[i]));
  }
  return counts;
}

/** How traffic is executed, as far as claims depend on it. */
export interface ExecutionFacts {
  readonly blockBytes: number;
  readonly syncEvery: number;
  /** Limit of the drive's reads; null: none. */
  readonly readBandwidth: number | null;
}

/** One phase as it is expected. */
interface Expected {
  readonly phase: string;
  readonly operations: number;
  readonly bytes: number;
  readonly law: OperationLaw | undefined;
  /** Seconds by the law, without any limit. */
  readonly free: number;
}

function expectations(traffic: Traffic, laws: TrafficLaws, facts: ExecutionFacts): Expected[] {
  const bytesOf = countOperations(traffic, (share) => movedBytes(share, facts.blockBytes));
  return [...countOperations(traffic)].map(([phase, operations]) => {
    // A tier without laws of its own (remote storage that a file stands for) takes those of the drive.
    const law = laws[phase] ?? laws[phase.replace(/^[a-z_]+-/, "ssd-")];
    const bytes = bytesOf.get(phase)!;
    const free = law === undefined ? 0 : operations * law.baseSeconds + bytes * law.secondsPerByte;
    return { phase, operations, bytes, law, free };
  });
}

/** Reads before writes: what a tier is for stands first. */
function readsFirst(a: Expected, b: Expected): number {
  return Number(b.phase.endsWith("-read")) - Number(a.phase.endsWith("-read"));
}

/** Fsyncs of a file that takes so many writes: one each `syncEvery`, and the last. */
function fsyncs(writes: number, syncEvery: number): number {
  return (syncEvery === 0 ? 0 : Math.floor(writes / syncEvery)) + 1;
}

/**
 * Claims about executing traffic: operations and bytes exactly, seconds by the laws. A limit on reads works
 * over the whole time: while other work goes on the drive saves up, so limited reads take what the limiter
 * needs for their bytes less the time of everything else, and never less than without a limit.
 */
export function trafficClaims(
  traffic: Traffic,
  laws: TrafficLaws,
  facts: ExecutionFacts,
): Claim[] {
  const all = expectations(traffic, laws, facts).sort(readsFirst);
  const operations = all.reduce((sum, e) => sum + e.operations, 0);
  const rest = (laws.rest?.baseSeconds ?? 0) * operations +
    (laws.rest?.secondsPerByte ?? 0) * facts.blockBytes * operations;
  const isOnDrive = (phase: string) => !phase.startsWith("dram-");
  const syncs = all.filter((e) => e.phase.endsWith("-write") && isOnDrive(e.phase))
    .map((e) => ({
      phase: e.phase.replace("-write", "-fsync"),
      count: fsyncs(e.operations, facts.syncEvery),
    }));
  const syncSeconds = syncs.reduce(
    (sum, s) => sum + s.count * (laws["ssd-fsync"]?.baseSeconds ?? 0),
    0,
  );
  const claims = all.flatMap((e): Claim[] => {
    const exacts = [exact(e.phase, "operations", e.operations), exact(e.phase, "bytes", e.bytes)];
    // A copy within memory takes microseconds, too few to be timed one by one and judged by 15 %.
    if (e.law === undefined || !isOnDrive(e.phase)) return exacts;
    const isLimited = facts.readBandwidth !== null && e.phase.endsWith("-read");
    const others = rest + syncSeconds +
      all.reduce((sum, o) => o === e ? sum : sum + o.free, 0);
    const limit = isLimited
      ? limitedSeconds(e.bytes, facts.readBandwidth!, THROTTLE_SLICE_SECONDS) - others
      : 0;
    return [...exacts, {
      quantity: `${e.phase} seconds`,
      unit: "seconds",
      predicted: Math.max(e.free, limit),
      low: Math.max(e.free * e.law.low, limit),
      high: Math.max(e.free * e.law.high, limit),
      within: WITHIN,
      assumption: limit > e.free
        ? "limited reads take what the limiter needs for them, less the time of everything else"
        : "an operation takes a base and a time a byte, whatever came before it",
      calibrationResidual: limit > e.free ? null : e.law.residual,
    }];
  });
  return [...claims, ...syncs.map((s) => exact(s.phase, "operations", s.count))];
}

function exact(phase: string, what: "operations" | "bytes", predicted: number): Claim {
  return {
    quantity: `${phase} ${what}`,
    unit: what === "bytes" ? "bytes" : "count",
    predicted,
    low: null,
    high: null,
    within: 0,
    assumption: "the traffic is what the replay says",
    calibrationResidual: null,
  };
}
