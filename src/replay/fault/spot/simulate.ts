import { createEventHeap, SPOT_EVENTS } from "./event_heap.ts";

/** A job on spot nodes as the simulators of the Oobleck artifact (SOSP'23, MIT) describe it. */
export interface SpotJob {
  readonly system: "oobleck" | "varuna";
  readonly samplesPerStep: number;
  /** Step and rendezvous times by ready nodes, ascending; beyond the ends the nearest row counts. */
  readonly byNodes: readonly { nodes: number; stepMs: number; rendezvousMs: number }[];
  /** Rendezvous before any step time is known. */
  readonly firstRendezvousMs: number;
  readonly nodeStartMs: number;
  /** Fewer nodes than this cannot hold the model. */
  readonly minNodes: number;
  /** Varuna: blocking time of a checkpoint and steps between two. */
  readonly checkpointMs: number;
  readonly checkpointSteps: number;
  readonly usdPerNodeHour: number;
}

/** Rows of a spot trace in file order: milliseconds, node number, arrival or removal. */
export interface SpotRow {
  readonly atMs: number;
  readonly node: number;
  readonly add: boolean;
}

export interface SpotResult {
  readonly samplesPerSecond: number;
  readonly steps: number;
  readonly preemptions: number;
  readonly averageInstances: number;
  readonly averageUsdPerHour: number;
  /** Time of all steps begun, those that a rendezvous cut short in full. */
  readonly effectiveMs: number;
  readonly checkpointMs: number;
  readonly restartMs: number;
  /** Lost steps as the artifact counts them (it counts some twice). */
  readonly fallbackMs: number;
  /** From the end of the first rendezvous to the end of the last step. */
  readonly trainedMs: number;
  readonly startMs: number;
  readonly lastStepEndMs: number;
  /** Steps whose result counts, and those rolled back. */
  readonly goodSteps: number;
  /** Pure step time of those, and of the steps rolled back. */
  readonly usefulMs: number;
  readonly lostMs: number;
  readonly lostSteps: number;
  readonly checkpoints: number;
  readonly rendezvous: number;
  /** Time without enough nodes: before the first rendezvous, and after it until the last step's end. */
  readonly firstWaitMs: number;
  readonly stalledMs: number;
  readonly progress: readonly (readonly [atMs: number, steps: number])[];
}

const HOUR = 3_600_000;

/**
 * Replays a spot trace by the rules of the artifact. A removal starts a rendezvous; the step in flight goes
 * on meanwhile and counts when it ends in time; nodes that arrive while training wait for the next
 * rendezvous. Varuna saves after every 10th step and after the first step that follows a removal, and falls
 * back to the newest save; a save that a removal would interrupt fails and takes ten steps along.
 */
export function simulateSpot(job: SpotJob, rows: readonly SpotRow[]): SpotResult {
  const heap = createEventHeap();
  for (const row of rows) {
    heap.push({
      at: row.atMs,
      kind: row.add ? SPOT_EVENTS.add : SPOT_EVENTS.remove,
      node: row.node,
      version: 0,
    });
  }
  heap.heapify();
  const end = heap.array.at(-1)?.at ?? 0;
  const varuna = job.system === "varuna";
  /** Nodes that exist; true once they are ready. */
  const nodes = new Map<number, boolean>();
  let status: "stopped" | "rendezvous" | "running" = "stopped";
  let listed: number[] = [];
  let version = 0;
  let rendezvousMs = job.firstRendezvousMs;
  let stepMs = 0;
  let start = -1;
  let previousEnd = 0;
  let steps = 0;
  let completed = 0;
  let savePending = false;
  let savedAt = -1;
  let preemptions = 0;
  let effectiveMs = 0;
  let checkpointMs = 0;
  let restartMs = 0;
  let fallbackMs = 0;
  let rendezvousCount = 0;
  /** Stretches without enough nodes, the first from the start. */
  const stops: [from: number, to: number][] = [[0, Infinity]];
  /** Pairs (begin, end) of completed steps in hours, and their samples a second. */
  const xs: number[] = [];
  let ys: number[] = [];
  /** Pure step time of each completed step. */
  const spent: number[] = [];
  const instanceXs: number[] = [];
  const instanceYs: number[] = [];

  const push = (at: number, kind: number, node = -1): void =>
    heap.push({ at, kind, node, version });
  const readyNodes = (): number[] => [...nodes].filter(([, ready]) => ready).map(([node]) => node);
  const rowOf = (count: number) => {
    const row = [...job.byNodes].reverse().find((r) => r.nodes <= count);
    return row ?? job.byNodes[0];
  };
  const startTimer = (at: number): void => {
    const length = rendezvousMs - (varuna ? job.checkpointMs : 0);
    restartMs += length;
    push(at + length, SPOT_EVENTS.rendezvous);
  };
  const startRendezvous = (at: number): void => {
    if (status === "stopped") stops[stops.length - 1][1] = at;
    status = "rendezvous";
    rendezvousCount++;
    listed = readyNodes();
    startTimer(at);
  };
  const beginStep = (at: number): void => {
    effectiveMs += stepMs;
    push(at + stepMs, SPOT_EVENTS.step);
  };

  const remove = (at: number, node: number): void => {
    if (!nodes.delete(node)) return;
    preemptions++;
    if (varuna) {
      savePending = true;
      fallBack(at);
    }
    startRendezvous(at);
  };

  /** Everything after the newest save is worth nothing. */
  const fallBack = (at: number): void => {
    if (savedAt < 0) {
      ys = ys.map(() => 0);
      fallbackMs += at;
      return;
    }
    const from = xs.indexOf(savedAt / HOUR);
    const keep = from < 0 ? ys.length : from + 1;
    fallbackMs += stepMs * Math.max(0, ys.length - keep);
    for (let i = keep; i < ys.length; i++) ys[i] = 0;
  };

  const rendezvousOver = (at: number): void => {
    if (listed.some((node) => !nodes.has(node))) {
      listed = readyNodes();
      startTimer(at);
      return;
    }
    const enough = listed.length >= job.minNodes;
    listed = [];
    version++;
    if (!enough) {
      status = "stopped";
      stops.push([at, Infinity]);
      return;
    }
    status = "running";
    const row = rowOf(readyNodes().length);
    stepMs = row.stepMs;
    rendezvousMs = row.rendezvousMs;
    beginStep(at);
    if (start < 0) {
      start = at;
      previousEnd = at;
    }
  };

  /** The artifact's test: does a removal stand before the save in the heap's array? */
  const saveWillFail = (): boolean => {
    let removal = false;
    for (const event of heap.array) {
      if (event.kind === SPOT_EVENTS.remove) removal = true;
      if (event.kind === SPOT_EVENTS.saved) return removal;
    }
    return false;
  };

  const stepOver = (at: number): void => {
    steps++;
    completed++;
    const rate = job.samplesPerStep / ((at - previousEnd) / 1000);
    xs.push(previousEnd / HOUR, at / HOUR);
    spent.push(stepMs);
    ys.push(rate, rate);
    let next = at;
    if (varuna && (steps % job.checkpointSteps === 0 || savePending)) {
      savePending = false;
      next += job.checkpointMs;
      checkpointMs += job.checkpointMs;
      push(next + job.checkpointMs, SPOT_EVENTS.saved);
      heap.heapify();
      if (saveWillFail()) {
        fallbackMs += job.checkpointSteps * stepMs;
        steps = Math.max(0, steps - job.checkpointSteps);
        const zeros = job.checkpointSteps * 2;
        ys = [...ys.slice(0, Math.max(0, ys.length - zeros)), ...new Array<number>(zeros).fill(0)];
      } else savedAt = next;
    }
    previousEnd = next;
    beginStep(next);
  };

  while (heap.array.length > 0) {
    const event = heap.pop();
    const { at, kind, node } = event;
    if (at >= end) break;
    if (kind === SPOT_EVENTS.add) {
      nodes.set(node, false);
      push(at + job.nodeStartMs, SPOT_EVENTS.ready, node);
    } else if (kind === SPOT_EVENTS.remove) remove(at, node);
    else if (kind === SPOT_EVENTS.ready) {
      if (nodes.has(node)) {
        nodes.set(node, true);
        if (status === "stopped") startRendezvous(at);
        else if (status === "rendezvous") listed.push(node);
      }
    } else if (kind === SPOT_EVENTS.rendezvous) rendezvousOver(at);
    else if (kind === SPOT_EVENTS.step && event.version === version) stepOver(at);
    if (heap.array[0]?.at === at) continue;
    if (instanceXs.length === 0) {
      if (at > 0) {
        instanceXs.push(0);
        instanceYs.push(nodes.size);
      }
    } else if (instanceYs.at(-1) !== nodes.size) {
      instanceXs.push(at / HOUR, at / HOUR);
      instanceYs.push(instanceYs.at(-1)!, nodes.size);
    }
  }
  const hours = xs.at(-1) ?? 0;
  instanceXs.push(hours);
  instanceYs.push(nodes.size);
  const averageInstances = average(instanceXs, instanceYs, hours);
  const trainedHours = hours - start / HOUR;
  const good = goodSteps(xs, ys);
  const spentMs = spent.reduce((sum, ms) => sum + ms, 0);
  const usefulMs = spent.reduce((sum, ms, i) => ys[2 * i + 1] > 0 ? sum + ms : sum, 0);
  return {
    samplesPerSecond: start < 0 ? 0 : average(xs, ys, trainedHours),
    steps,
    preemptions,
    averageInstances,
    averageUsdPerHour: averageInstances * job.usdPerNodeHour,
    effectiveMs,
    checkpointMs,
    restartMs,
    fallbackMs,
    trainedMs: Math.max(0, trainedHours * HOUR),
    startMs: Math.max(0, start),
    lastStepEndMs: hours * HOUR,
    goodSteps: good.length,
    usefulMs,
    lostMs: spentMs - usefulMs,
    lostSteps: completed - good.length,
    checkpoints: job.checkpointMs > 0 ? Math.round(checkpointMs / job.checkpointMs) : 0,
    rendezvous: rendezvousCount,
    firstWaitMs: Math.min(stops[0][1], hours * HOUR),
    stalledMs: stops.slice(1).reduce(
      (sum, [from, to]) => sum + Math.max(0, Math.min(to, hours * HOUR) - from),
      0,
    ),
    progress: good.map((x, i) => [x * HOUR, i + 1] as const),
  };
}

/** Ends, in hours, of the steps that count. */
function goodSteps(xs: readonly number[], ys: readonly number[]): number[] {
  return xs.filter((_, i) => i % 2 === 1 && ys[i] > 0);
}

/** Mean over pairs of points: each pair is a stretch, its second value the height. */
function average(xs: readonly number[], ys: readonly number[], duration: number): number {
  if (!(duration > 0)) return 0;
  let total = 0;
  for (let i = 1; i < Math.min(xs.length, ys.length); i += 2) total += (xs[i] - xs[i - 1]) * ys[i];
  return total / duration;
}
