import { faultKindIndex } from "../../model/trace/faults.ts";
import { type FailureList, readFailure } from "./failure_list.ts";
import { createHistory } from "./history.ts";
import { createNodePool } from "./node_pool.ts";
import { emptyPhases, type Phases } from "./phases.ts";
import type { Failure, FaultJob, FaultPlan, Recovery } from "./plan.ts";
import {
  afterAnother,
  bookRecovery,
  currentRate,
  joinAfterRecovery,
  note,
  NOTHING,
  recoverySeconds,
  rejoin,
  resumeRecovery,
  type Run,
  stallUntil,
  startRecovery,
  stillJoining,
  withJoin,
} from "./run_state.ts";
import { createSchedule } from "./schedule.ts";
import { createSpanLog, type Span } from "./spans.ts";
import { createStragglers } from "./stragglers.ts";

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
  /** What the job did when, in no order; empty unless the job asks for it. */
  readonly spans: readonly Span[];
  /** False when the job stalled for good: not enough nodes ever came back. */
  readonly finished: boolean;
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
  const spans = job.keepSpans ? createSpanLog() : null;
  const run: Run = {
    job,
    plan,
    schedule,
    history: createHistory(schedule, spans?.lost),
    pool: plan.tracksNodes ? createNodePool(list, plan.nodes) : null,
    stragglers: createStragglers(),
    spans,
    phases: emptyPhases(),
    recoveries: { remote: 0, memory: 0, iteration: 0, none: 0 },
    progress: [[0, 0]],
    durableAtFailure: [],
    up: 0,
    recoveryStart: 0,
    recovery: null,
    deferred: null,
    joining: 0,
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
    const recovered = run.stragglers.nextEnd();
    const at = Math.min(failure, repair, recovered);
    // A repair that comes while the job still recovers is only noted; it counts when training goes on.
    if (end <= at) {
      finished = true;
      break;
    }
    if (at === Infinity) break;
    if (repair <= at) {
      run.pool!.repair();
      nodesChanged(run, repair);
      continue;
    }
    if (recovered <= at) {
      run.stragglers.end();
      speedChanged(run, recovered);
      continue;
    }
    const group: Failure[] = [];
    let added = false;
    let planned = 0;
    // Before the nodes of this instant go down: what was trained so far was trained at the old rate.
    if (stragglersAt(run, list, next, failure)) speedChanged(run, failure);
    const quiet = plan.quietWhenStalled === true && rate === 0;
    while (next < list.count && list.seconds[next] === failure) {
      const event = readFailure(list, next++);
      if (quiet && event.kind !== "node_added") continue;
      if (event.kind === "node_added") {
        added = run.pool?.add(event.node, failure) || added;
      } else if (event.kind === "straggler") continue;
      else if (event.kind === "planned") planned = Math.max(planned, event.downSeconds);
      else if (run.pool === null || run.pool.fail(event.node, failure, event.downSeconds)) {
        group.push(event);
      }
    }
    if (planned > 0) stopAsPlanned(run, failure, planned);
    if (group.length > 0) failAt(run, failure, group);
    else if (added) nodesChanged(run, failure);
  }
  return finish(run, finished);
}

const STRAGGLER = faultKindIndex("straggler");

/** Notes the stragglers among the failures of one instant. */
function stragglersAt(run: Run, list: FailureList, first: number, at: number): boolean {
  let any = false;
  for (let i = first; i < list.count && list.seconds[i] === at; i++) {
    if (list.kind[i] !== STRAGGLER) continue;
    const slow = list.downSeconds[i];
    // As a node that is lost for an unknown time: until the end.
    run.stragglers.add(Number.isNaN(slow) ? Infinity : at + slow);
    any = true;
  }
  return any;
}

function failAt(run: Run, at: number, group: readonly Failure[]): void {
  const { history, job, plan } = run;
  const stalled = history.rate() === 0 && at >= run.up;
  if (at < run.up) {
    if (job.restartImmune) {
      run.pool?.keepCrashed(at);
      if (run.pool !== null) history.setRate(currentRate(run));
      return;
    }
    // The recovery in progress begins again: only what had been done of it is booked.
    run.failures++;
    const again = afterAnother(
      plan.recover(group, at, run.pool?.view() ?? null),
      run.deferred ?? run.recovery,
    );
    const joining = stillJoining(again, Math.min(run.joining, run.up - at));
    bookRecovery(run, at);
    deepen(run, at, again);
    startRecovery(run, at, withJoin(again, joining), joining);
    return;
  }
  run.failures++;
  const recovery = plan.recover(group, at, run.pool?.view() ?? null);
  if (stalled) {
    stallUntil(run, at);
    history.shift(at);
    const again = afterAnother(recovery, run.deferred);
    deepen(run, at, again);
    bookRecovery(run, run.up);
    startRecovery(run, at, again);
    return;
  }
  bookRecovery(run, run.up);
  run.durableAtFailure.push(history.remoteDurable(at, recovery.onset ?? Infinity));
  rollBack(run, at, recovery);
  startRecovery(run, at, recovery);
}

/** A straggler came or went: training goes on at another speed, nothing is rolled back. */
function speedChanged(run: Run, at: number): void {
  const { history } = run;
  const rate = currentRate(run);
  const old = history.rate();
  if (rate === old) return;
  if (at < run.up || old === 0 || rate === 0) {
    history.setRate(rate);
    return;
  }
  bookRecovery(run, run.up);
  history.continueAt(at, rate);
  run.up = at;
}

/** A planned stop: the state is kept, the job waits. One that falls into a recovery or a stall is over with it. */
function stopAsPlanned(run: Run, at: number, seconds: number): void {
  if (at < run.up || run.history.rate() === 0) return;
  bookRecovery(run, run.up);
  run.history.close(at);
  note(run, at, run.history.work());
  startRecovery(run, at, { ...NOTHING, planned: seconds });
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
  if (recovery.restore === "none") return;
  history.close(run.up > at ? at : run.up);
  const before = history.work();
  run.phases.lost += history.rollBack(recovery, at);
  run.lostWork += before - history.work();
}

/** Nodes came back: an elastic job grows at an iteration's end, a stalled one goes on. */
function nodesChanged(run: Run, at: number): void {
  const { history, plan } = run;
  const rate = currentRate(run);
  const old = history.rate();
  if (rate === old) return;
  if (at < run.up) {
    history.setRate(rate);
    if (old === 0) resumeRecovery(run);
    else joinAfterRecovery(run);
    return;
  }
  bookRecovery(run, run.up);
  const recovery = rejoin(plan.rejoinSeconds(run.pool!.view(), old === 0), old === 0, run.deferred);
  run.deferred = null;
  if (old === 0) stallUntil(run, at);
  else {
    history.close(at);
    note(run, at, history.work());
  }
  run.reconfigurations++;
  run.recovery = recovery;
  run.joining = recovery.reconfig;
  run.recoveryStart = at;
  run.up = at + recoverySeconds(recovery);
  if (old === 0) history.shift(run.up);
  else history.open(run.up, rate);
  history.setRate(rate);
}

function finish(run: Run, finished: boolean): Timeline {
  const { history, phases } = run;
  bookRecovery(run, run.up);
  const wall = finished ? history.endWall() : Math.max(run.up, run.job.horizonSeconds ?? 0);
  if (finished) history.close(wall);
  else stallUntil(run, wall);
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
    spans: run.spans?.all(history.stretches()) ?? [],
    finished,
  };
}
