import { createNodePool } from "../node_pool.ts";
import { emptyPhases } from "../phases.ts";
import {
  afterAnother,
  NOTHING,
  RECOVERY_PHASES,
  rejoin,
  resumed,
  stillJoining,
  withJoin,
  withoutRestart,
} from "../run_state.ts";
import { readInstant } from "./instant.ts";
import { timelineOf } from "./job_timeline.ts";
import type { Failure, FaultJob, FaultPlan, Recovery } from "../plan.ts";
import type { FailureList } from "../failure_list.ts";
import { segmentSecondsAfter } from "../schedule.ts";
import { createSaveLog } from "./save_log.ts";
import { createStragglers } from "../stragglers.ts";
import type { SharedJob } from "./simulate_jobs.ts";
import type { StorePort } from "./store_port.ts";

type Mode = "train" | "block" | "write" | "waitStore" | "recover" | "stall" | "done";

/** Work that is done but for rounding. */
const TINY = 1e-9;

/**
 * One job of several on a shared store. It keeps the rules of the engine for a job alone; saves and loads
 * take as long as the store needs for them among the others'. `list` holds failures from the job's start on.
 */
export function createSharedJob(
  job: FaultJob,
  plan: FaultPlan,
  list: FailureList,
  store: StorePort,
  startSeconds = 0,
): SharedJob {
  const { schedule: spec } = plan;
  const pool = plan.tracksNodes ? createNodePool(list, plan.nodes) : null;
  const stragglers = createStragglers();
  const log = createSaveLog(job.iterationSeconds);
  const phases = emptyPhases();
  const recoveries = { remote: 0, memory: 0, iteration: 0, none: 0 };
  const saveSeconds: number[] = [];
  const loadSeconds: number[] = [];
  const background = spec.persistSeconds > 0;
  let mode: Mode = "train";
  /** End of the current mode where no transfer decides it. */
  let until = Infinity;
  /** Start of the current mode. */
  let since = 0;
  let recovery: Recovery = NOTHING;
  let deferred: Recovery | null = null;
  /** Seconds at the end of the recovery in which nodes join that came back while it ran. */
  let joining = 0;
  let stage = 0;
  /** Useful seconds at which the current training stops for a save. */
  let goal = 0;
  let [rate, next] = [1, 0];
  let [failures, rollbacks, lostWork, idled, reconfigurations] = [0, 0, 0, 0, 0];
  let [remoteSaves, memorySaves, deferredSaves] = [0, 0, 0];
  let [isDeferred, writeStart] = [false, 0];

  const currentRate = (): number => {
    const plain = pool === null ? 1 : plan.rate(pool.view());
    return stragglers.active() ? plain / (job.stragglerSlowdown ?? 1) : plain;
  };
  const segmentEnd = (): number =>
    Math.min(job.usefulSeconds, log.segmentStart() + segmentSecondsAfter(spec, log.segments()));
  const isLast = (): boolean => log.work() >= job.usefulSeconds * (1 - TINY);

  const enter = (next: Mode, now: number, end: number): void => {
    [mode, since, until] = [next, now, end];
  };
  const train = (now: number): void => {
    // A save that waits for its token is tried again after each iteration.
    goal = isDeferred
      ? Math.min(job.usefulSeconds, log.work() + Math.max(job.iterationSeconds, 1))
      : segmentEnd();
    const end = rate === 0 ? Infinity : now + Math.max(0, goal - log.work()) / rate;
    enter(rate === 0 ? "stall" : "train", now, end);
  };
  /** Books the training or block up to now. */
  const settle = (now: number): void => {
    if (mode === "train") log.train(since, now, rate);
    else if (mode === "block" || mode === "write" || mode === "waitStore") log.block(now - since);
    else if (mode === "stall") phases.stall += now - since;
    else if (mode === "recover") phases[RECOVERY_PHASES[stage]] += now - since;
    since = now;
  };
  const remoteDue = (): boolean =>
    isLast() ? spec.finalSave : (log.segmentsSinceRemote() + 1) % spec.remoteEvery === 0;

  /** Training reached the end of a segment. */
  const segmentOver = (now: number): void => {
    if (isLast() && !spec.finalSave) {
      log.endSegment(now, false);
      enter("done", now, Infinity);
      return;
    }
    if (remoteDue() && !store.admit(now)) {
      if (!isDeferred) deferredSaves++;
      isDeferred = true;
      if (isLast()) {
        enter("waitStore", now, store.nextToken(now));
      } else train(now);
      return;
    }
    isDeferred = false;
    enter("block", now, now + spec.blockSeconds);
  };
  const blockOver = (now: number): void => {
    if (!remoteDue()) {
      memorySaves++;
      log.endSegment(now, false);
      afterSegment(now);
      return;
    }
    if (background && store.writing()) {
      // One save on its way at a time.
      enter("waitStore", now, Infinity);
      return;
    }
    startSave(now);
  };
  const startSave = (now: number): void => {
    writeStart = now;
    enter("write", now, now + (background ? spec.remoteBlockSeconds : 0));
    if (!background && store.startWrite(now)) until = Infinity;
  };
  /** The blocking part of a save is over. */
  const saveOver = (now: number): void => {
    remoteSaves++;
    memorySaves++;
    log.endSegment(now, true);
    if (!background) {
      log.durable(now);
      saveSeconds.push(now - writeStart);
    } else if (!store.startWrite(now)) {
      log.durable(now);
      saveSeconds.push(0);
    }
    afterSegment(now);
  };
  const afterSegment = (now: number): void => {
    if (isLast()) enter("done", now, Infinity);
    else train(now);
  };

  const startRecovery = (now: number, chosen: Recovery, joins = 0): void => {
    deferred = rate === 0 ? chosen : null;
    joining = joins;
    recovery = rate === 0 ? withoutRestart(chosen) : chosen;
    mode = "recover";
    if (recovery.reconfig > 0) reconfigurations++;
    enterStage(now, 0);
  };
  /** Goes to the next stage that takes time; training goes on after the last. */
  const enterStage = (now: number, first: number): void => {
    since = now;
    for (stage = first; stage < RECOVERY_PHASES.length; stage++) {
      const seconds = recovery[RECOVERY_PHASES[stage]] ?? 0;
      if (seconds <= 0) continue;
      const reads = RECOVERY_PHASES[stage] === "load" && recovery.restore === "remote";
      until = reads && store.startRead(now) ? Infinity : now + seconds;
      return;
    }
    train(now);
  };
  const stageOver = (now: number): void => {
    if (RECOVERY_PHASES[stage] === "load") loadSeconds.push(now - since);
    settle(now);
    enterStage(now, stage + 1);
  };

  const fail = (now: number, group: readonly Failure[]): void => {
    if (mode === "done") return;
    const recovering = mode === "recover";
    if (recovering && job.restartImmune) {
      pool?.keepCrashed(now);
      rate = currentRate();
      return;
    }
    failures++;
    const counts = !recovering && mode !== "stall";
    const before = deferred ?? (recovering ? recovery : null);
    const chosen = afterAnother(plan.recover(group, now, pool?.view() ?? null), before);
    const inLast = recovering && RECOVERY_PHASES[stage] === "reconfig";
    const left = Math.min(joining, inLast ? until - now : Infinity);
    const joins = recovering ? stillJoining(chosen, left) : 0;
    store.cancelForeground(now);
    settle(now);
    rollBack(now, chosen, counts);
    // A save that the rollback kept is still written to the store by those who survived.
    if (!log.pending()) store.cancelBackground(now);
    isDeferred = false;
    pool?.keepCrashed(now);
    rate = currentRate();
    startRecovery(now, withJoin(chosen, joins), joins);
  };
  const rollBack = (now: number, chosen: Recovery, counts: boolean): void => {
    const before = log.work();
    // A failure while the job is down can only destroy what it was about to load.
    if (counts || chosen.restore !== "none") phases.lost += log.rollBack(chosen, now);
    lostWork += before - log.work();
    if (!counts) return;
    rollbacks++;
    recoveries[chosen.restore]++;
    idled += chosen.idledGpus;
  };
  /** Nodes came back: an elastic job grows, a stalled one goes on; one that recovers does so first. */
  const nodesChanged = (now: number): void => {
    const [old, changed] = [rate, currentRate()];
    if (changed === old || mode === "done") return;
    if (mode === "recover") {
      rate = changed;
      if (old > 0) joinAfterRecovery();
      else if (deferred !== null) {
        recovery = resumed(deferred, plan.rejoinSeconds(pool!.view(), true));
        deferred = null;
      }
      return;
    }
    store.cancelForeground(now);
    settle(now);
    rate = changed;
    const back = rejoin(plan.rejoinSeconds(pool!.view(), old === 0), old === 0, deferred);
    startRecovery(now, back, back.reconfig);
  };
  const joinAfterRecovery = (): void => {
    const seconds = plan.rejoinSeconds(pool!.view(), false);
    recovery = withJoin(recovery, seconds);
    joining += seconds;
    reconfigurations++;
    if (RECOVERY_PHASES[stage] === "reconfig") until += seconds;
  };
  const speedChanged = (now: number): void => {
    if (mode === "train") settle(now);
    rate = currentRate();
    if (mode === "train") train(now);
  };

  const events = (now: number): void => {
    const quiet = plan.quietWhenStalled === true && mode === "stall";
    const instant = readInstant(list, next, now, pool, stragglers, quiet);
    const { group, added, slower, planned } = instant;
    next = instant.next;
    if (slower) speedChanged(now);
    if (planned > 0 && mode !== "recover" && mode !== "stall" && mode !== "done") {
      store.cancelForeground(now);
      settle(now);
      startRecovery(now, { ...NOTHING, planned });
    }
    if (group.length > 0) fail(now, group);
    else if (added) nodesChanged(now);
  };

  rate = currentRate();
  train(startSeconds);
  return {
    nextSeconds() {
      if (mode === "done") return Infinity;
      return Math.min(
        until,
        store.foregroundEnd(),
        store.backgroundEnd(),
        next < list.count ? list.seconds[next] : Infinity,
        pool?.nextRepair() ?? Infinity,
        stragglers.nextEnd(),
      );
    },
    step(now) {
      if (store.backgroundDone(now)) {
        log.durable(now);
        saveSeconds.push(now - log.newestRemoteEnd());
        if (mode === "waitStore" && background && until === Infinity) {
          settle(now);
          startSave(now);
        }
      } else if (store.foregroundDone(now)) {
        if (mode === "recover") stageOver(now);
        else {
          settle(now);
          saveOver(now);
        }
      } else if (until <= now) {
        if (mode === "recover") return stageOver(now);
        settle(now);
        if (mode === "train") log.reach(goal);
        if (mode === "train" || mode === "waitStore") segmentOver(now);
        else if (mode === "block") blockOver(now);
        else if (mode === "write") saveOver(now);
      } else if (pool !== null && pool.nextRepair() <= now) {
        pool.repair();
        nodesChanged(now);
      } else if (stragglers.nextEnd() <= now) {
        stragglers.end();
        speedChanged(now);
      } else events(now);
    },
    done: () => mode === "done",
    close(now) {
      if (mode !== "done") settle(Math.max(now, since));
    },
    timeline: () =>
      timelineOf(phases, log.totals(), mode === "done", {
        failures,
        rollbacks,
        recoveries,
        remoteSaves,
        memorySaves,
        reconfigurations,
        lostWorkSeconds: lostWork,
        idledGpuSum: idled,
      }),
    storeTimes: () => ({ saveSeconds, loadSeconds, deferred: deferredSaves }),
  };
}
