/**
 * Which slots of a pipeline load at the same time: slot `s` and its neighbours in the ring, since stage `j+1`
 * follows stage `j` on the next slot while both fetch their next stages.
 */
function coActivePairs(slots: number): [number, number][] {
  if (slots < 2) return [];
  if (slots === 2) return [[0, 1]];
  return Array.from({ length: slots }, (_, s) => [s, (s + 1) % slots]);
}

/** Pairs of slots that load together behind one root complex. */
export function contendingPairs(gpuOfSlot: readonly number[], roots: readonly number[]): number {
  return coActivePairs(gpuOfSlot.length)
    .filter(([a, b]) => roots[gpuOfSlot[a]] === roots[gpuOfSlot[b]]).length;
}

/** Slots up to which every mapping is tried. */
const MOST_ENUMERATED = 8;

/**
 * Cross mapping: the GPU of each slot of the pipeline, so that the fewest neighbours share a root complex
 * (every permutation of the roots up to 8 slots, dealing the roots out in turn beyond). Equal mappings: the
 * first in GPU order.
 */
export function crossMapping(roots: readonly number[]): number[] {
  const gpus = roots.length;
  const free = new Map<number, number[]>();
  roots.forEach((root, gpu) => free.set(root, [...free.get(root) ?? [], gpu]));
  if (gpus > MOST_ENUMERATED) {
    const lines = [...free.values()];
    return Array.from(
      { length: Math.max(...lines.map((l) => l.length)) },
      (_, i) => lines.flatMap((l) => l.slice(i, i + 1)),
    ).flat();
  }
  let best: number[] = roots.map((_, gpu) => gpu);
  let fewest = contendingPairs(best, roots);
  const taken = new Map<number, number>();
  const chosen: number[] = [];
  const visit = (): void => {
    if (fewest === 0) return;
    if (chosen.length === gpus) {
      const pairs = contendingPairs(chosen, roots);
      if (pairs < fewest) [fewest, best] = [pairs, [...chosen]];
      return;
    }
    for (const [root, members] of free) {
      const used = taken.get(root) ?? 0;
      if (used === members.length) continue;
      taken.set(root, used + 1);
      chosen.push(members[used]);
      visit();
      chosen.pop();
      taken.set(root, used);
    }
  };
  visit();
  return best;
}
