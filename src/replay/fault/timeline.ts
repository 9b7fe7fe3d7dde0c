/** A job that checkpoints synchronously: times in seconds. */
export interface SyncJob {
  readonly usefulSeconds: number;
  readonly intervalSeconds: number;
  readonly checkpointSeconds: number;
  readonly restartSeconds: number;
  /** Whether failures during a restart are ignored. */
  readonly restartImmune: boolean;
}

export interface SyncTimeline {
  readonly wallSeconds: number;
  readonly usefulSeconds: number;
  readonly lostSeconds: number;
  readonly checkpointSeconds: number;
  readonly restartSeconds: number;
  /** Failures that hit the job (those after its end do not). */
  readonly failures: number;
  readonly checkpoints: number;
  /** Saved segments just before each failure that hit the job while it ran. */
  readonly durableAtFailure: readonly number[];
  /** Corner points of useful progress over wall time, for a chart. */
  readonly progress: readonly (readonly [wallSeconds: number, usefulSeconds: number])[];
}

/**
 * Replays a job against failures at given wall times (ascending). Each segment trains `interval` useful
 * seconds (the last one what is left) and then blocks for the checkpoint, the final one included. A failure
 * loses everything since the newest saved segment, a checkpoint in progress included, and costs a restart.
 * Whole segments between failures are counted in closed form, so the cost is one step a failure.
 */
export function replaySync(job: SyncJob, failureTimes: ArrayLike<number>): SyncTimeline {
  const segments = Math.ceil(job.usefulSeconds / job.intervalSeconds - 1e-9);
  const lastUseful = job.usefulSeconds - (segments - 1) * job.intervalSeconds;
  const full = job.intervalSeconds + job.checkpointSeconds;
  const durableAtFailure: number[] = [];
  const progress: [number, number][] = [[0, 0]];
  let durable = 0;
  let up = 0;
  let lost = 0;
  let restart = 0;
  let failures = 0;
  const usefulOf = (count: number) =>
    count === segments ? job.usefulSeconds : count * job.intervalSeconds;
  const endFrom = (start: number) =>
    start + Math.max(0, segments - durable - 1) * full + lastUseful + job.checkpointSeconds;
  for (let i = 0; i < failureTimes.length && durable < segments; i++) {
    const at = failureTimes[i];
    if (at < up) {
      if (!job.restartImmune) {
        // The restart in progress begins again: it ends later by what had been done of it.
        restart += at + job.restartSeconds - up;
        up = at + job.restartSeconds;
        failures++;
      }
      continue;
    }
    if (at >= endFrom(up)) break;
    const done = Math.min(segments - durable - 1, Math.floor((at - up) / full + 1e-12));
    const saved = up + done * full;
    durable += done;
    durableAtFailure.push(durable);
    progress.push([saved, usefulOf(durable)], [at, usefulOf(durable)]);
    lost += at - saved;
    failures++;
    restart += job.restartSeconds;
    up = at + job.restartSeconds;
    progress.push([up, usefulOf(durable)]);
  }
  const wall = endFrom(up);
  progress.push([wall, job.usefulSeconds]);
  return {
    wallSeconds: wall,
    usefulSeconds: job.usefulSeconds,
    lostSeconds: lost,
    checkpointSeconds: segments * job.checkpointSeconds,
    restartSeconds: restart,
    failures,
    checkpoints: segments,
    durableAtFailure,
    progress,
  };
}
