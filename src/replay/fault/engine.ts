import { createHistory, type History } from "./history.ts";
import { createNodePool, type NodePool } from "./node_pool.ts";
import { emptyPhases, type Phases } from "./phases.ts";
import type { Failure, FaultJob, FaultPlan, Recovery } from "./plan.ts";
import { createSchedule, type Schedule } from "./schedule.ts";

/** Failures of a trace, in time order: columns as fed, joined. */
export interface FailureList {
  readonly count: number;
  readonly seconds: ArrayLike<number>;
  readonly kind: ArrayLike<number>;
  readonly node: ArrayLike<number>;
  readonly downSeconds: ArrayLike<number>;
}

export interface Timeline {
  readonly wallSeconds: number;
  /** When the last save is durable: the wall time and the persist that may still run. */
  readonly durableSeconds: number;
  readonly phases: Phases;
  /** Useful wall seconds that a full-rate job would not have needed. */
  readonly capacityLossSeconds: number;
  /** Failures that hit the job (not after its end, not while an immune restart ran). */
  readonly failures: number;
  /** Failures that rolled the job back. */
  readonly rollbacks: number;
  readonly recoveries: Readonly<Record<Recovery["restore"], number>>;
  /** Newest remotely durable save just before each rollback. */
  readonly durableAtFailure: readonly number[];
  /** Saves to remote storage whose block ended, those of rolled-back training included. */
  readonly remoteSaves: number;
  /** Segments that ended in memory, rolled-back ones included. */
  readonly memorySaves: number;
  readonly lostWorkSeconds: number;
  readonly idledGpuSum: number;
  readonly reconfigurations: number;
  /** Corner points of useful progress over wall time, for a chart. */
  readonly progress: readonly (readonly [wallSeconds: number, workSeconds: number])[];
  /** False when the job stalled for good: not enough nodes ever came back. */
  readonly finished: boolean;
}

/** Corner points kept for charts; a year of failures needs no more. */
const MOST_PROGRESS = 4000;

interface Run {
  readonly job: FaultJob;
  readonly plan: FaultPlan;
  readonly schedule: Schedule;
  readonly history: History;
  readonly pool: NodePool | null;
  readonly phases: Phases;
  readonly recoveries: Record<Recovery["restore"], number>;
  readonly progress: [number, number][];
  readonly durableAtFailure: number[];
  /** Training starts or goes on here; before it a recovery runs. */
  up: number;
  recoveryStart: number;
  recovery: Recovery | null;
  failures: number;
  lostWork: number;
  idled: number;
  reconfigurations: number;
}

/**
 * Replays one job under one plan. Event-driven: one step a failure or repair, and closed forms between them
 * (how many segments ended, which save is durable), so the cost does not depend on how often a policy saves.
 *
 * Every wall second is booked in exactly one phase. Training that is rolled back is LOST with the blocks
 * in it; its redo is USEFUL. Reference: replay model of section 1, timelines E7.det and E31.
 */
export function replayFaults(job: FaultJob, plan: FaultPlan, list: FailureList): Timeline {
  const schedule = createSchedule(job, plan.schedule);
  const run: Run = {
    job,
    plan,
    schedule,
    history: createHistory(schedule),
    pool: plan.tracksNodes ? createNodePool(list, plan.nodes) : null,
    phases: emptyPhases(),
    recoveries: { remote: 0, memory: 0, iteration: 0, none: 0 },
    progress: [[0, 0]],
    durableAtFailure: [],
    up: 0,
    recoveryStart: 0,
    recovery: null,
    failures: 0,
    lostWork: 0,
    idled: 0,
    reconfigurations: 0,
  };
  run.history.open(0, currentRate(run));
  let next = 0;
  let finished = false;
  for (;;) {
    const rate = run.history.rate();
    const end = rate === 0 ? Infinity : run.history.endWall();
    const failure = next < list.count ? list.seconds[next] : Infinity;
    const repair = run.pool?.nextRepair() ?? Infinity;
    const at = Math.min(failure, repair);
    // A repair that comes while the job still recovers is only noted; it counts when training goes on.
    if (end <= at) {
      finished = true;
      break;
    }
    if (at === Infinity) break;
    if (repair <= failure) {
      run.pool!.repair();
      nodesChanged(run, repair);
      continue;
    }
    const group: Failure[] = [];
    let added = false;
    const quiet = plan.quietWhenStalled === true && rate === 0;
    while (next < list.count && list.seconds[next] === failure) {
      const event = readFailure(list, next++);
      if (quiet && event.kind !== "node_added") continue;
      if (event.kind === "node_added") {
        added = run.pool?.add(event.node, failure) || added;
      } else if (run.pool === null || run.pool.fail(event.node, failure, event.downSeconds)) {
        group.push(event);
      }
    }
    if (group.length > 0) failAt(run, failure, group);
    else if (added) nodesChanged(run, failure);
  }
  return finish(run, finished);
}

function readFailure(list: FailureList, i: number): Failure {
  return {
    seconds: list.seconds[i],
    kind: KINDS[list.kind[i]] ?? "unknown",
    node: list.node[i],
    downSeconds: list.downSeconds[i],
  };
}

const KINDS = [
  "software",
  "hang",
  "gpu",
  "node",
  "network",
  "sdc",
  "preemption",
  "straggler",
  "node_added",
  "unknown",
] as const;

function currentRate(run: Run): number {
  return run.pool === null ? 1 : run.plan.rate(run.pool.view());
}

function note(run: Run, wall: number, work: number): void {
  if (run.progress.length < MOST_PROGRESS) run.progress.push([wall, work]);
}

function failAt(run: Run, at: number, group: readonly Failure[]): void {
  const { history, job, plan } = run;
  const stalled = history.rate() === 0 && at >= run.up;
  if (at < run.up) {
    if (job.restartImmune) {
      if (run.pool !== null) history.setRate(currentRate(run));
      return;
    }
    // The recovery in progress begins again: only what had been done of it is booked.
    run.failures++;
    const again = plan.recover(group, at, run.pool?.view() ?? null);
    bookRecovery(run, at);
    deepen(run, at, again);
    startRecovery(run, at, again);
    return;
  }
  run.failures++;
  const recovery = plan.recover(group, at, run.pool?.view() ?? null);
  if (stalled) {
    run.phases.stall += at - run.up;
    history.shift(at);
    deepen(run, at, recovery);
    bookRecovery(run, run.up);
    startRecovery(run, at, recovery);
    return;
  }
  bookRecovery(run, run.up);
  run.durableAtFailure.push(history.remoteDurable(at, recovery.onset ?? Infinity));
  rollBack(run, at, recovery);
  startRecovery(run, at, recovery);
}

/** Rolls the history back as the recovery says and books what is lost. */
function rollBack(run: Run, at: number, recovery: Recovery): void {
  const { history } = run;
  history.close(at);
  note(run, at, history.work());
  const before = history.work();
  run.phases.lost += history.rollBack(recovery, at);
  run.lostWork += before - history.work();
  run.recoveries[recovery.restore]++;
  run.idled += recovery.idledGpus;
}

/** A further failure while the job is down can destroy what it was about to load. */
function deepen(run: Run, at: number, recovery: Recovery): void {
  const { history } = run;
  if (recovery.restore === "none" || recovery.restore === "iteration") return;
  history.close(run.up > at ? at : run.up);
  const before = history.work();
  run.phases.lost += history.rollBack(recovery, at);
  run.lostWork += before - history.work();
}

function startRecovery(run: Run, at: number, recovery: Recovery): void {
  run.recovery = recovery;
  run.recoveryStart = at;
  run.up = at + recoverySeconds(recovery);
  if (recovery.reconfig > 0) run.reconfigurations++;
  run.history.open(run.up, currentRate(run));
  note(run, run.up, run.history.work());
}

const ORDER = ["detect", "diagnose", "waitNode", "restart", "load", "reconfig"] as const;

function recoverySeconds(r: Recovery): number {
  return r.detect + r.diagnose + r.waitNode + r.restart + r.load + r.reconfig;
}

/** Books the recovery in progress up to a wall time, phase after phase. */
function bookRecovery(run: Run, until: number): void {
  if (run.recovery === null) return;
  const whole = until >= run.up;
  let left = until - run.recoveryStart;
  for (const phase of ORDER) {
    const part = whole ? run.recovery[phase] : Math.max(0, Math.min(left, run.recovery[phase]));
    run.phases[phase] += part;
    left -= part;
  }
  run.recovery = null;
}

/** Nodes came back: an elastic job grows at an iteration's end, a stalled one goes on. */
function nodesChanged(run: Run, at: number): void {
  const { history, plan } = run;
  const rate = currentRate(run);
  const old = history.rate();
  if (rate === old) return;
  if (at < run.up) {
    history.setRate(rate);
    return;
  }
  bookRecovery(run, run.up);
  const reconfig = plan.rejoinSeconds(run.pool!.view(), old === 0);
  if (old === 0) run.phases.stall += at - run.up;
  else {
    history.close(at);
    note(run, at, history.work());
  }
  run.reconfigurations++;
  run.recovery = {
    restore: "none",
    detect: 0,
    diagnose: 0,
    waitNode: 0,
    restart: 0,
    load: 0,
    reconfig,
    idledGpus: 0,
  };
  run.recoveryStart = at;
  run.up = at + reconfig;
  if (old === 0) history.shift(run.up);
  else history.open(run.up, rate);
  history.setRate(rate);
}

function finish(run: Run, finished: boolean): Timeline {
  const { history, phases } = run;
  bookRecovery(run, run.up);
  const wall = finished ? history.endWall() : Math.max(run.up, run.job.horizonSeconds ?? 0);
  if (finished) history.close(wall);
  else phases.stall += wall - run.up;
  const totals = history.totals();
  phases.useful = totals.usefulSeconds;
  phases.checkpoint = totals.blockSeconds;
  note(run, wall, history.work());
  return {
    wallSeconds: wall,
    durableSeconds: wall + run.schedule.spec.persistSeconds,
    phases,
    capacityLossSeconds: totals.capacityLossSeconds,
    failures: run.failures,
    rollbacks: run.durableAtFailure.length,
    recoveries: run.recoveries,
    durableAtFailure: run.durableAtFailure,
    remoteSaves: totals.remoteSaves,
    memorySaves: totals.memorySaves,
    lostWorkSeconds: run.lostWork,
    idledGpuSum: run.idled,
    reconfigurations: run.reconfigurations,
    progress: run.progress,
    finished,
  };
}
