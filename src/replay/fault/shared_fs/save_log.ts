import type { Recovery } from "../plan.ts";

/** The end of a segment: what a job can be rolled back to. */
interface SavePoint {
  readonly work: number;
  /** Wall time at which its block ended. */
  readonly wall: number;
  /** Seconds trained and blocked up to here, of what counts. */
  readonly trained: number;
  readonly blocked: number;
  readonly remote: boolean;
  /** When it was safe on the store; Infinity while it is not. */
  durable: number;
  readonly sinceRemote: number;
}

/** Training at one rate since the newest save point. */
interface Stretch {
  readonly work: number;
  readonly trained: number;
  readonly rate: number;
}

/** The training of a job that still counts, with every point it can go back to. */
export interface SaveLog {
  work(): number;
  segments(): number;
  /** Useful seconds at the newest save point. */
  segmentStart(): number;
  segmentsSinceRemote(): number;
  train(from: number, to: number, rate: number): void;
  /** The training just booked reached this much work: takes its rounding away. */
  reach(work: number): void;
  block(seconds: number): void;
  endSegment(wall: number, remote: boolean): void;
  /** The newest save is on the store. */
  durable(wall: number): void;
  /** Whether the newest save to the store is still on its way. */
  pending(): boolean;
  newestRemoteEnd(): number;
  /** Rolls back as a recovery says; returns the wall seconds that are lost. */
  rollBack(recovery: Recovery, at: number): number;
  totals(): { work: number; trainSeconds: number; blockSeconds: number };
}

export function createSaveLog(iterationSeconds: number): SaveLog {
  const points: SavePoint[] = [{
    work: 0,
    wall: -Infinity,
    trained: 0,
    blocked: 0,
    remote: true,
    durable: -Infinity,
    sinceRemote: 0,
  }];
  let stretches: Stretch[] = [];
  let work = 0;
  let trained = 0;
  let blocked = 0;
  const newest = (): SavePoint => points[points.length - 1];

  const backTo = (keep: (point: SavePoint) => boolean): number => {
    while (points.length > 1 && !keep(newest())) points.pop();
    const point = newest();
    const lost = trained - point.trained + blocked - point.blocked;
    ({ work, trained, blocked } = point);
    stretches = [];
    return lost;
  };
  const backToIteration = (): number => {
    const point = newest();
    const done = work - point.work;
    const step = iterationSeconds;
    const kept = step > 0 ? Math.min(done, Math.floor(done / step + 1e-9) * step) : done;
    const target = point.work + kept;
    const stretch = stretches.findLast((s) => s.work <= target);
    const clock = stretch === undefined
      ? point.trained
      : stretch.trained + (target - stretch.work) / stretch.rate;
    const lost = Math.max(0, trained - clock) + blocked - point.blocked;
    stretches = stretches.filter((s) => s.work <= target);
    work = target;
    trained = Math.min(trained, clock);
    blocked = point.blocked;
    return lost;
  };
  return {
    work: () => work,
    segments: () => points.length - 1,
    segmentStart: () => newest().work,
    segmentsSinceRemote: () => newest().sinceRemote,
    train(from, to, rate) {
      if (!(to > from)) return;
      stretches.push({ work, trained, rate });
      work += (to - from) * rate;
      trained += to - from;
    },
    reach: (goal) => {
      work = goal;
    },
    block: (seconds) => {
      blocked += seconds;
    },
    endSegment(wall, remote) {
      const sinceRemote = remote ? 0 : newest().sinceRemote + 1;
      points.push({ work, wall, trained, blocked, remote, durable: Infinity, sinceRemote });
      stretches = [];
    },
    durable(wall) {
      const point = points.findLast((p) => p.remote);
      if (point !== undefined && point.durable === Infinity) point.durable = wall;
    },
    pending: () => points.findLast((p) => p.remote)!.durable === Infinity,
    newestRemoteEnd: () => points.findLast((p) => p.remote)!.wall,
    rollBack(recovery, at) {
      const onset = recovery.onset ?? Infinity;
      if (onset === Infinity) {
        if (recovery.restore === "none") return 0;
        if (recovery.restore === "iteration") return backToIteration();
      }
      if (recovery.restore === "remote") {
        return backTo((p) => p.remote && p.durable <= at && p.wall <= onset);
      }
      return backTo((p) => p.wall <= onset);
    },
    totals: () => ({ work, trainSeconds: trained, blockSeconds: blocked }),
  };
}
