import { isCompute, type Timeline } from "./task_graph.ts";

/** What a step's timeline adds up to. Seconds of GPUs are summed over the GPUs. */
export interface TimelineFacts {
  readonly stepSeconds: number;
  readonly computeSeconds: number;
  /** GPUs wait for a transfer, although what they compute next waits for nothing else. */
  readonly transferWaitSeconds: number;
  /** Everything else that keeps GPUs idle: the pipeline's fill, drain and imbalance, the update. */
  readonly bubbleSeconds: number;
  readonly uploadBytes: number;
  readonly downloadBytes: number;
  readonly peerBytes: number;
  readonly ssdReadBytes: number;
  readonly ssdWrittenBytes: number;
  readonly ssdBusySeconds: number;
  /** Seconds that CPU or GPUs update parameters. */
  readonly updateSeconds: number;
}

/** End of the last of some tasks; 0 for none. */
function lastEnd(end: Float64Array, tasks: readonly number[]): number {
  return tasks.reduce((latest, t) => Math.max(latest, end[t]), 0);
}

/** What is left of a sum; rounding of the parts counts as nothing. */
function remainder(whole: number, parts: number): number {
  const left = whole - parts;
  return left <= 1e-12 * whole ? 0 : left;
}

/** Adds up a timeline of `gpus` GPUs. */
export function timelineFacts(timeline: Timeline, gpus: number): TimelineFacts {
  const { tasks, start, end, seconds } = timeline;
  const bytes = { upload: 0, download: 0, collective: 0, "ssd read": 0, "ssd write": 0 };
  let computeSeconds = 0;
  let waitSeconds = 0;
  let updateSeconds = 0;
  let ssdBusySeconds = 0;
  const freeAt = new Map<string, number>();
  tasks.forEach((task, i) => {
    const { kind } = task;
    if (kind in bytes) bytes[kind as keyof typeof bytes] += task.bytes;
    if (kind === "ssd read" || kind === "ssd write") ssdBusySeconds += end[i] - start[i];
    if (kind === "update") updateSeconds += end[i] - start[i];
    // An update on a GPU keeps it busy; one on the CPU does not.
    if (!isCompute(kind) && !(kind === "update" && task.gpu >= 0)) return;
    computeSeconds += end[i] - start[i];
    const others = task.after.filter((a) => tasks[a].route === undefined);
    const could = Math.max(freeAt.get(task.lane) ?? 0, lastEnd(end, others));
    waitSeconds += Math.max(0, start[i] - could);
    freeAt.set(task.lane, end[i]);
  });
  return {
    stepSeconds: seconds,
    computeSeconds,
    transferWaitSeconds: waitSeconds,
    bubbleSeconds: remainder(gpus * seconds, computeSeconds + waitSeconds),
    uploadBytes: bytes.upload,
    downloadBytes: bytes.download,
    peerBytes: bytes.collective,
    ssdReadBytes: bytes["ssd read"],
    ssdWrittenBytes: bytes["ssd write"],
    ssdBusySeconds: Math.min(ssdBusySeconds, 2 * seconds),
    updateSeconds,
  };
}
