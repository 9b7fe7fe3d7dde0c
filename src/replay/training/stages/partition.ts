import { planSeconds } from "./plan.ts";
import { type PlanMachine, stagesOf, type StageTable } from "./residence.ts";

/** A partition of the layers into stages, as boundaries `0 = b0 < b1 < ... = layers`, and its step time. */
export interface Partition {
  readonly bounds: readonly number[];
  readonly seconds: number;
}

export function simulate(
  table: StageTable,
  bounds: readonly number[],
  machine: PlanMachine,
): Partition {
  const seconds = planSeconds(stagesOf(table, bounds), table.microBatches, machine);
  return { bounds, seconds };
}

/** `stages` intervals whose lengths differ by at most one layer. */
export function equalBounds(layers: number, stages: number): number[] {
  return Array.from({ length: stages + 1 }, (_, j) => Math.round(j * layers / stages));
}

/**
 * Time that a stage takes on its GPU in both passes: its computing, or its loads where those are longer.
 * Infinity when it does not fit by itself.
 */
function stageCost(table: StageTable, from: number, to: number, machine: PlanMachine): number {
  const s = table.stage(from, to);
  const m = table.microBatches;
  const hold = s.parameterBytes + s.workBytes + s.gradientBytes + m * s.inputBytes;
  if (hold > machine.memoryBytes) return Infinity;
  const load = s.parameterBytes / machine.uploadBytesPerSecond;
  return Math.max(m * s.forwardSeconds, load) + Math.max(m * s.backwardSeconds, load);
}

/**
 * Interval dynamic programming: for every number of stages the boundaries that minimise first the slowest stage,
 * then the sum over the stages. `best[s][k]` covers the first `k` layers with `s` stages; O(stages x layers^2).
 */
function intervalBounds(table: StageTable, machine: PlanMachine, most: number): number[][] {
  const n = table.layers;
  const cost = Array.from(
    { length: n },
    (_, i) =>
      Float64Array.from(
        { length: n + 1 },
        (_, k) => k > i ? stageCost(table, i, k, machine) : Infinity,
      ),
  );
  let slowest = new Float64Array(n + 1).fill(Infinity);
  let sum = new Float64Array(n + 1).fill(Infinity);
  slowest[0] = sum[0] = 0;
  const cuts: Int32Array[] = [];
  const found: number[][] = [];
  for (let s = 1; s <= most; s++) {
    const [nextSlowest, nextSum] = [new Float64Array(n + 1), new Float64Array(n + 1)];
    nextSlowest.fill(Infinity);
    nextSum.fill(Infinity);
    const cut = new Int32Array(n + 1).fill(-1);
    for (let k = s; k <= n; k++) {
      for (let i = s - 1; i < k; i++) {
        const worst = Math.max(slowest[i], cost[i][k]);
        const total = sum[i] + cost[i][k];
        if (worst < nextSlowest[k] || (worst === nextSlowest[k] && total < nextSum[k])) {
          nextSlowest[k] = worst;
          nextSum[k] = total;
          cut[k] = i;
        }
      }
    }
    cuts.push(cut);
    [slowest, sum] = [nextSlowest, nextSum];
    if (!Number.isFinite(slowest[n])) continue;
    const bounds = [n];
    for (let t = s; t > 0; t--) bounds.unshift(cuts[t - 1][bounds[0]]);
    found.push(bounds);
  }
  return found;
}

/** Boundaries one move away: a boundary shifted, removed or added, or two neighbours shifted together. */
function* neighbours(bounds: readonly number[], reach: number): Generator<number[]> {
  const last = bounds.length - 1;
  for (let j = 1; j < last; j++) {
    for (let d = -reach; d <= reach; d++) {
      const moved = bounds[j] + d;
      if (d === 0 || moved <= bounds[j - 1] || moved >= bounds[j + 1]) continue;
      yield bounds.with(j, moved);
    }
    if (j + 1 < last) {
      for (const [a, b] of [[-1, -1], [1, 1], [-1, 1], [1, -1]]) {
        const [x, y] = [bounds[j] + a, bounds[j + 1] + b];
        if (x <= bounds[j - 1] || y <= x || y >= bounds[j + 2]) continue;
        yield bounds.with(j, x).with(j + 1, y);
      }
    }
    yield bounds.toSpliced(j, 1);
  }
  for (let j = 0; j < last; j++) {
    for (let cut = bounds[j] + 1; cut < bounds[j + 1]; cut++) yield bounds.toSpliced(j + 1, 0, cut);
  }
}

/** Goes to the best neighbour until none is better; the timeline simulator is the judge. */
function descend(
  table: StageTable,
  from: Partition,
  machine: PlanMachine,
  allowed: (stages: number) => boolean,
  reach: number,
): Partition {
  let best = from;
  for (;;) {
    let next = best;
    for (const bounds of neighbours(best.bounds, reach)) {
      if (!allowed(bounds.length - 1)) continue;
      const tried = simulate(table, bounds, machine);
      if (tried.seconds < next.seconds) next = tried;
    }
    if (next === best) return best;
    best = next;
  }
}

/** Up to this many starts are improved; the simulator ranks them first. */
const STARTS = 6;

/**
 * The partition with the shortest step: interval dynamic programming gives one start for every number of stages,
 * equal stages another; the timeline simulator ranks them and a local search improves the best.
 *
 * @param stages Only this many stages; null tries all from the number of GPUs on.
 * @returns null when no partition fits.
 */
export function bestPartition(
  table: StageTable,
  machine: PlanMachine,
  stages: number | null,
): Partition | null {
  const n = table.layers;
  const least = Math.min(machine.gpus, n);
  const allowed = (count: number) => stages === null ? count >= least : count === stages;
  const counts = Array.from({ length: n }, (_, i) => i + 1).filter(allowed);
  if (counts.length === 0) return null;
  const starts = [
    ...intervalBounds(table, machine, counts.at(-1)!).filter((b) => allowed(b.length - 1)),
    ...counts.map((count) => equalBounds(n, count)),
  ].map((bounds) => simulate(table, bounds, machine))
    .filter((p) => Number.isFinite(p.seconds))
    .sort((a, b) => a.seconds - b.seconds || a.bounds.length - b.bounds.length);
  // Small models are searched wider: a move costs little there.
  const reach = n <= 24 ? n : 2;
  let best: Partition | null = null;
  for (const start of starts.slice(0, STARTS)) {
    const found = descend(table, start, machine, allowed, reach);
    if (best === null || found.seconds < best.seconds) best = found;
  }
  return best;
}
