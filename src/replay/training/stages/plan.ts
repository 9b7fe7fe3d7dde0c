import {
  overflowBytes,
  type PlanMachine,
  prefetchBytes,
  residencesOf,
  type Stage,
} from "./residence.ts";

/**
 * Seconds until the last backward pass of a swapped pipeline ends, Infinity when a stage does not fit.
 *
 * Stage `j` runs on GPU `j mod N`. Forward passes go up, backward passes down, each stage all its micro-batches.
 * A residence's load begins when the one before is loaded and the one before that has left; what the memory
 * leaves over is loaded meanwhile, the rest after the one before has ended. A residence starts after what the
 * one two before returns to the host (gradients, inputs kept for the backward pass) has left. These are the constraints of the integer program
 * (`program.ts`); the earliest times that meet them are found in one pass.
 */
export function planSeconds(
  stages: readonly Stage[],
  microBatches: number,
  machine: PlanMachine,
): number {
  const { gpus, memoryBytes } = machine;
  const count = stages.length;
  const used = Math.min(gpus, count);
  const lists = Array.from(
    { length: used },
    (_, g) => residencesOf(stages, gpus, g, microBatches),
  );
  if (lists.some((list) => overflowBytes(list, memoryBytes) > 1e-9 * memoryBytes)) return Infinity;
  // Of each GPU: times of its residences so far.
  const at = new Int32Array(used);
  const loadEnd = lists.map((l) => new Float64Array(l.length));
  const runEnd = lists.map((l) => new Float64Array(l.length));
  const returned = lists.map((l) => new Float64Array(l.length));
  const hop = (bytes: number) => count > 1 && gpus > 1 ? bytes / machine.peerBytesPerSecond : 0;

  const load = (g: number): number => {
    const [r, list] = [at[g], lists[g]];
    const { loadBytes } = list[r];
    const rate = machine.uploadBytesPerSecond;
    if (r === 0) return loadBytes / rate;
    const from = Math.max(loadEnd[g][r - 1], r >= 2 ? runEnd[g][r - 2] : 0);
    const early = prefetchBytes(list, r, memoryBytes);
    const whole = from + loadBytes / rate;
    if (early >= loadBytes) return whole;
    return Math.max(whole, runEnd[g][r - 1] + (loadBytes - early) / rate);
  };
  const enter = (g: number): number => {
    const r = at[g];
    loadEnd[g][r] = load(g);
    const gate = r >= 2 ? returned[g][r - 2] : 0;
    return Math.max(loadEnd[g][r], gate, r > 0 ? runEnd[g][r - 1] : 0);
  };
  const leave = (g: number, end: number): void => {
    const r = at[g]++;
    runEnd[g][r] = end;
    const sent = Math.max(end, r > 0 ? returned[g][r - 1] : 0);
    returned[g][r] = sent + lists[g][r].returnBytes / machine.downloadBytesPerSecond;
  };

  let before = new Float64Array(microBatches);
  // End of the turn's forward pass on each GPU: its backward pass follows without a load.
  const turned = new Float64Array(used);
  for (let j = 0; j < count; j++) {
    const g = j % gpus;
    let free = enter(g);
    const seconds = stages[j].forwardSeconds;
    const wait = j > 0 ? hop(stages[j].inputBytes) : 0;
    const ends = new Float64Array(microBatches);
    for (let m = 0; m < microBatches; m++) {
      free = Math.max(free, j > 0 ? before[m] + wait : 0) + seconds;
      ends[m] = free;
    }
    before = ends;
    if (lists[g][at[g]].backward) turned[g] = free;
    else leave(g, free);
  }
  for (let j = count - 1; j >= 0; j--) {
    const g = j % gpus;
    let free = lists[g][at[g]].forward ? turned[g] : enter(g);
    const seconds = stages[j].backwardSeconds;
    const wait = j < count - 1 ? hop(stages[j + 1].inputBytes) : 0;
    const ends = new Float64Array(microBatches);
    for (let m = 0; m < microBatches; m++) {
      free = Math.max(free, j < count - 1 ? before[m] + wait : before[m]) + seconds;
      ends[m] = free;
    }
    before = ends;
    leave(g, free);
  }
  return before[microBatches - 1];
}
