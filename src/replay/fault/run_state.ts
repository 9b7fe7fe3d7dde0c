import type { History } from "./history.ts";
import type { NodePool } from "./node_pool.ts";
import type { Phases } from "./phases.ts";
import type { FaultJob, FaultPlan, Recovery } from "./plan.ts";
import type { Schedule } from "./schedule.ts";
import type { SpanLog } from "./spans.ts";
import type { Stragglers } from "./stragglers.ts";

/** Corner points kept for charts; a year of failures needs no more. */
const MOST_PROGRESS = 4000;

/** A replay in progress. */
export interface Run {
  readonly job: FaultJob;
  readonly plan: FaultPlan;
  readonly schedule: Schedule;
  readonly history: History;
  readonly pool: NodePool | null;
  readonly stragglers: Stragglers;
  readonly spans: SpanLog | null;
  readonly phases: Phases;
  readonly recoveries: Record<Recovery["restore"], number>;
  readonly progress: [number, number][];
  readonly durableAtFailure: number[];
  /** Training starts or goes on here; before it a recovery runs. */
  up: number;
  recoveryStart: number;
  recovery: Recovery | null;
  /** The whole of a recovery that cannot end for want of nodes. */
  deferred: Recovery | null;
  /** Seconds at the end of the recovery in which nodes join that came back while it ran. */
  joining: number;
  failures: number;
  lostWork: number;
  idled: number;
  reconfigurations: number;
}

/** Training rate now: of the nodes that are up, slowed down by a straggler. */
export function currentRate(run: Run): number {
  const rate = run.pool === null ? 1 : run.plan.rate(run.pool.view());
  return run.stragglers.active() ? rate / (run.job.stragglerSlowdown ?? 1) : rate;
}

export function note(run: Run, wall: number, work: number): void {
  if (run.spans !== null && run.progress.length < MOST_PROGRESS) run.progress.push([wall, work]);
}

/** Books a stall from the end of the last recovery. */
export function stallUntil(run: Run, at: number): void {
  run.phases.stall += at - run.up;
  run.spans?.add("stall", run.up, at);
}

/**
 * Starts a recovery at a wall time; training goes on when it ends. With too few nodes only the failure is
 * seen and looked into: the restart comes when they are back.
 * @param joining Seconds at its end in which nodes join that were already waiting to.
 */
export function startRecovery(run: Run, at: number, recovery: Recovery, joining = 0): void {
  run.pool?.keepCrashed(at);
  const rate = currentRate(run);
  run.deferred = rate === 0 ? recovery : null;
  run.joining = joining;
  run.recovery = rate === 0 ? withoutRestart(recovery) : recovery;
  run.recoveryStart = at;
  run.up = at + recoverySeconds(run.recovery);
  if (run.recovery.reconfig > 0) run.reconfigurations++;
  run.history.open(run.up, rate);
  note(run, run.up, run.history.work());
}

/**
 * A node came back while the job recovers and goes on without it: it joins right after, by a reconfiguration
 * of its own. Were it taken in for nothing, a slower detection could end the job sooner.
 */
export function joinAfterRecovery(run: Run): void {
  if (run.recovery === null) return;
  const seconds = run.plan.rejoinSeconds(run.pool!.view(), false);
  run.recovery = withJoin(run.recovery, seconds);
  run.joining += seconds;
  run.reconfigurations++;
  run.up = run.recoveryStart + recoverySeconds(run.recovery);
  run.history.shift(run.up);
}

/** A recovery that ends with a further reconfiguration. */
export function withJoin(recovery: Recovery, seconds: number): Recovery {
  return seconds > 0 ? { ...recovery, reconfig: recovery.reconfig + seconds } : recovery;
}

/**
 * Of the seconds that nodes still need to join when the recovery begins again: all, but none where the whole
 * job restarts, which takes in every node that is there.
 */
export function stillJoining(again: Recovery, seconds: number): number {
  return again.restore === "remote" ? 0 : seconds;
}

/** A recovery that lacked nodes: it restarts as out of a stall, however short the want of nodes was. */
export function resumed(deferred: Recovery, rejoinSeconds: number): Recovery {
  return { ...deferred, restart: Math.max(deferred.restart, rejoinSeconds) };
}

/** The nodes came back while the failure was still looked into: the recovery goes on to its end. */
export function resumeRecovery(run: Run): void {
  if (run.deferred === null) return;
  run.recovery = resumed(run.deferred, run.plan.rejoinSeconds(run.pool!.view(), true));
  run.deferred = null;
  run.up = run.recoveryStart + recoverySeconds(run.recovery);
  run.history.shift(run.up);
}

/** How much a recovery takes the job back, least first. */
const DEPTH = ["none", "iteration", "memory", "remote"] as const;

/**
 * A failure that comes while the job still recovers from another: what the first one destroyed stays lost,
 * however little the second one would need alone.
 */
export function afterAnother(recovery: Recovery, before: Recovery | null): Recovery {
  if (before === null || DEPTH.indexOf(before.restore) <= DEPTH.indexOf(recovery.restore)) {
    return recovery;
  }
  return {
    ...recovery,
    restore: before.restore,
    restart: Math.max(recovery.restart, before.restart),
    load: Math.max(recovery.load, before.load),
  };
}

/** What of a recovery can be done without the nodes. */
export function withoutRestart(recovery: Recovery): Recovery {
  return { ...recovery, restart: 0, load: 0, reconfig: 0 };
}

/** The recovery of a job whose nodes are back: out of a stall it restarts and loads, else it regroups. */
export function rejoin(seconds: number, stalled: boolean, deferred: Recovery | null): Recovery {
  return stalled
    ? {
      ...NOTHING,
      restart: seconds,
      load: deferred?.load ?? 0,
      restore: deferred?.restore ?? "none",
    }
    : { ...NOTHING, reconfig: seconds };
}

/** The phases of a recovery, one after the other. */
export const RECOVERY_PHASES = [
  "planned",
  "detect",
  "diagnose",
  "waitNode",
  "restart",
  "load",
  "reconfig",
] as const;

/** A recovery that takes no time and keeps the state. */
export const NOTHING: Recovery = {
  restore: "none",
  detect: 0,
  diagnose: 0,
  waitNode: 0,
  restart: 0,
  load: 0,
  reconfig: 0,
  idledGpus: 0,
};

export function recoverySeconds(r: Recovery): number {
  return (r.planned ?? 0) + r.detect + r.diagnose + r.waitNode + r.restart + r.load + r.reconfig;
}

/** Books the recovery in progress up to a wall time, phase after phase. */
export function bookRecovery(run: Run, until: number): void {
  if (run.recovery === null) return;
  const whole = until >= run.up;
  if (whole && run.spans === null) {
    // The common case, written out: a year has thousands of them.
    const { recovery: r, phases } = run;
    phases.planned += r.planned ?? 0;
    phases.detect += r.detect;
    phases.diagnose += r.diagnose;
    phases.waitNode += r.waitNode;
    phases.restart += r.restart;
    phases.load += r.load;
    phases.reconfig += r.reconfig;
    run.recovery = null;
    return;
  }
  let left = until - run.recoveryStart;
  let from = run.recoveryStart;
  for (const phase of RECOVERY_PHASES) {
    const full = run.recovery[phase] ?? 0;
    const part = whole ? full : Math.max(0, Math.min(left, full));
    run.phases[phase] += part;
    run.spans?.add(phase, from, from + part);
    left -= part;
    from += part;
  }
  run.recovery = null;
}
