/** Transfers a second and lane of each PCIe generation, and the share that encoding leaves. */
export const PCIE_GENERATIONS: readonly (readonly [gigatransfers: number, efficiency: number])[] = [
  [2.5, 0.8],
  [5, 0.8],
  [8, 128 / 130],
  [16, 128 / 130],
  [32, 128 / 130],
  [64, 242 / 256],
];

/** Bytes a second and direction of a link, before packet headers; null for an unknown speed. */
export function linkBytesPerSecond(gigatransfers: number, lanes: number): number | null {
  const generation = PCIE_GENERATIONS.find(([gt]) => gt === gigatransfers);
  return generation === undefined ? null : gigatransfers * 1e9 * generation[1] / 8 * lanes;
}

/** As {@link linkBytesPerSecond} for a generation's number, 1 to 6. */
export function linkGenerationBytesPerSecond(generation: number, lanes: number): number | null {
  const found = PCIE_GENERATIONS[generation - 1];
  return found === undefined ? null : linkBytesPerSecond(found[0], lanes);
}
