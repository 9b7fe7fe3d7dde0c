import { resolve } from "node:path";
import { rmSync } from "node:fs";
import type { Recorder, RecorderOptions } from "../../collect/recorder.ts";
import type { SpoolFooter } from "../../collect/spool/records.ts";
import type { LiveEndpoints, Source } from "../../collect/source.ts";
import type { MeasuredCeilings } from "../../analyze/stall/ceilings.ts";
import type { ServingEngineConfig } from "../../model/engine_config.ts";
import type { Json } from "../../model/json.ts";
import type { InheritingChild } from "../../runtime/child.ts";
import { hostFacts, isAlive, ownPid, startTicksOf } from "../../runtime/host.ts";
import {
  FORWARDED_SIGNALS,
  inTerminalForeground,
  onSignals,
  shellExitCode,
  type Signal,
} from "../../runtime/signals.ts";
import { VERSION } from "../../runtime/version.ts";

export interface RecordPlan {
  readonly storePath: string;
  readonly name: string | null;
  readonly intervalNs: number;
  readonly durationNs: number | null;
  readonly sources: readonly Source[];
  readonly command: readonly string[];
  /** Records a running process and its children instead of a command of our own. */
  readonly attachPid: number | null;
  /** Ends a part when its spool has this size; null for one part. */
  readonly rotateBytes: number | null;
  /** Parts that are kept, the newest: older ones are removed, so that the disk is bounded. */
  readonly keep: number;
  readonly live: Omit<LiveEndpoints, "filePrefix">;
  /** Configuration of the serving engine, from its files. */
  readonly engine: ServingEngineConfig | null;
  /** Rates of this machine that were measured before, for stall attribution. */
  readonly ceilings: MeasuredCeilings;
  /** File that the command writes and that is imported after it. */
  readonly torchSnapshot: string | null;
  readonly onStart?: (recorder: Recorder) => () => void;
  readonly onReading?: RecorderOptions["onReading"];
}

/** How a recording ended. `spoolPath` is null when nothing was recorded. */
export interface Recorded {
  readonly exitCode: number;
  readonly spoolPath: string | null;
  /** Spools of the parts before the last, oldest first. */
  readonly parts: readonly string[];
  /** Non-null when the command did not start: the sentence for the user. */
  readonly startFailure: string | null;
}

function defaultName(command: readonly string[], unixMs: number): string {
  const program = command.length === 0 ? "machine" : command[0].split("/").pop() ?? "run";
  return `${program}-${new Date(unixMs).toISOString().slice(0, 19).replace(/[-:]/g, "")}`;
}

function fingerprint({ engine, ceilings }: RecordPlan): { [key: string]: Json } {
  return {
    ...hostFacts(),
    ...(Object.keys(ceilings).length === 0 ? {} : { ceilings: { ...ceilings } }),
    ...(engine === null ? {} : { engine: engine as unknown as Json }),
  };
}

const ROTATE_CHECK_MS = 1000;

/** Ends parts as they reach their size, and forgets the oldest. `stop` waits for one that is going on. */
function rotation(plan: RecordPlan, recorder: Recorder, name: string) {
  const parts: string[] = [];
  let number = 1;
  let going: Promise<void> | null = null;
  const timer = plan.rotateBytes === null ? null : setInterval(() => {
    if (going !== null || recorder.spoolBytes() < plan.rotateBytes!) return;
    // The names of parts sort by time; the last part keeps the name of the first file.
    const path = recorder.spoolPath.replace(/\.\d+-(\d+)\.spool$/, `.${Date.now()}-$1.spool`);
    going = recorder.rotate(path, `${name}-${++number}`).then(() => {
      parts.push(path);
      while (parts.length >= plan.keep) rmSync(parts.shift()!, { force: true });
    }).catch(() => {
      // A part that cannot be made is no reason to stop: the spool just grows on.
    }).finally(() => going = null);
  }, ROTATE_CHECK_MS);
  return {
    stop: async () => {
      if (timer !== null) clearInterval(timer);
      await going;
      return parts;
    },
  };
}

/** Resolves after the time, or never without one; `cancel` frees the timer. */
function deadline(ns: number | null): { promise: Promise<"time">; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const promise = new Promise<"time">((done) => {
    if (ns === null) return;
    // Timers hold at most 2^31 ms: longer times are waited for in pieces.
    const until = performance.now() + ns / 1e6;
    const wait = () => {
      const left = until - performance.now();
      if (left <= 0) done("time");
      else timer = setTimeout(wait, Math.min(left, 2 ** 30));
    };
    wait();
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

/** Resolves when a process that is not our child ends. */
function endOf(pid: number): { promise: Promise<"gone">; cancel(): void } {
  const identity = { pid, startTicks: startTicksOf(pid), bootId: null };
  let timer: ReturnType<typeof setInterval> | undefined;
  const promise = new Promise<"gone">((done) => {
    timer = setInterval(() => {
      if (!isAlive(identity)) done("gone");
    }, 100);
  });
  return { promise, cancel: () => clearInterval(timer) };
}

/**
 * Records: starts the command untouched (stdio inherited, signals passed on) and samples until it ends, or
 * without one until the time is up or a signal comes.
 */
export async function recordRun(plan: RecordPlan): Promise<Recorded> {
  const { createRecorder } = await import("../../collect/recorder.ts");
  const { spoolPath } = await import("../../collect/spool/find.ts");
  const { startInheriting } = await import("../../runtime/child.ts");
  const unixMs = Date.now();
  const pending: Signal[] = [];
  let child: InheritingChild | null = null;
  let release: (signal: Signal) => void = () => {};
  const interrupted = new Promise<Signal>((done) => release = done);
  // Signals are held from the first moment, so that none slips in between and ends only us.
  const stopListening = onSignals(FORWARDED_SIGNALS, (signal) => {
    if (plan.command.length === 0) {
      if (signal === "SIGINT" || signal === "SIGTERM" || signal === "SIGHUP") release(signal);
    } else if (child === null) pending.push(signal);
    else if (signal !== "SIGINT" || !inTerminalForeground()) child.send(signal);
  });
  try {
    const name = plan.name ?? defaultName(plan.command, unixMs);
    const recorder = await createRecorder({
      spoolPath: spoolPath(resolve(plan.storePath), unixMs, ownPid()),
      toolVersion: VERSION,
      name: plan.rotateBytes === null ? name : `${name}-1`,
      command: plan.command,
      intervalNs: plan.intervalNs,
      fingerprint: fingerprint(plan),
      live: plan.live,
      ...(plan.onReading === undefined ? {} : { onReading: plan.onReading }),
      sources: plan.sources,
      ...(plan.attachPid === null ? {} : { attachPid: plan.attachPid }),
    });
    await recorder.start();
    const stopView = plan.onStart?.(recorder) ?? (() => {});
    const turning = rotation(plan, recorder, name);
    let parts: string[] = [];
    const time = deadline(plan.durationNs);
    const finish = async (exit: SpoolFooter["exit"]) => {
      stopView();
      time.cancel();
      parts = await turning.stop();
      await recorder.finish(exit, null);
    };
    if (plan.command.length === 0) {
      const gone = plan.attachPid === null ? null : endOf(plan.attachPid);
      await Promise.race([interrupted, time.promise, ...(gone === null ? [] : [gone.promise])]);
      gone?.cancel();
      await finish({ code: null, signal: null });
      return { exitCode: 0, spoolPath: recorder.spoolPath, parts, startFailure: null };
    }
    const started = await startInheriting(plan.command, recorder.environment);
    if ("exitCode" in started) {
      stopView();
      time.cancel();
      await turning.stop();
      await recorder.discard();
      return {
        exitCode: started.exitCode,
        spoolPath: null,
        parts: [],
        startFailure: started.message,
      };
    }
    child = started;
    recorder.follow(started.pid);
    for (const signal of pending) started.send(signal);
    const first = await Promise.race([started.exited, time.promise]);
    if (first === "time") {
      // The command outlives its recording: it goes on, and its code is still ours to return.
      await finish({ code: null, signal: null });
      const exit = await started.exited;
      const exitCode = shellExitCode(exit.code, exit.signal);
      return { exitCode, spoolPath: recorder.spoolPath, parts, startFailure: null };
    }
    await finish(first);
    return {
      exitCode: shellExitCode(first.code, first.signal),
      spoolPath: recorder.spoolPath,
      parts,
      startFailure: null,
    };
  } finally {
    stopListening();
  }
}
