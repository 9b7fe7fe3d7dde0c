/** What must be computed, moved and kept, in rates and bytes. */
export interface FleetNeed {
  readonly flopsPerSecond: number;
  readonly memoryBytesPerSecond: number;
  /** KV that must lie in GPU memory. */
  readonly residentBytes: number;
}

/** One GPU as a buyer sees it: achieved rates and the memory an engine may use. */
export interface Card {
  readonly flopsPerSecond: number;
  readonly memoryBytesPerSecond: number;
  readonly memoryBytes: number;
  /** Most GPUs that one instance may span. */
  readonly perInstance: number;
}

export interface FleetSize {
  readonly gpus: number;
  readonly gpusPerInstance: number;
  /** GPUs that the work alone needs, and that the memory alone needs. */
  readonly forCompute: number;
  readonly forMemory: number;
  /** GPU-seconds of work a second: what of the fleet is busy. */
  readonly busyGpus: number;
}

/**
 * GPUs for a need: instances of g GPUs each, every one with the weights; enough of them for the work, and
 * enough for the KV beside the weights. g is the one that needs fewest GPUs. Null when the weights fit
 * nowhere.
 */
export function fleetSize(need: FleetNeed, card: Card, weightBytes: number): FleetSize | null {
  const busyGpus = need.flopsPerSecond / card.flopsPerSecond +
    need.memoryBytesPerSecond / card.memoryBytesPerSecond;
  let best: FleetSize | null = null;
  for (let g = 1; g <= card.perInstance; g *= 2) {
    const room = g * card.memoryBytes - weightBytes;
    if (room <= 0) continue;
    const forCompute = g * Math.max(1, Math.ceil(busyGpus / g));
    const forMemory = g * Math.max(1, Math.ceil(need.residentBytes / room));
    const gpus = Math.max(forCompute, forMemory);
    if (best === null || gpus < best.gpus) {
      best = { gpus, gpusPerInstance: g, forCompute, forMemory, busyGpus };
    }
  }
  return best;
}

/** Yearly factors of demand and of what a card of the year can do. */
export interface Growth {
  readonly compute: number;
  readonly memory: number;
  readonly cardFlops: number;
  readonly cardBandwidth: number;
  readonly cardMemory: number;
}

export interface GrowthYear {
  readonly year: number;
  readonly hbm: FleetSize | null;
  readonly tiered: FleetSize | null;
  readonly recompute: FleetSize | null;
  /** GPUs of the fleet that are there for memory alone when everything is kept in HBM. */
  readonly boughtForMemory: number | null;
  /** GPUs that keeping KV below the GPUs saves. */
  readonly tierWorthGpus: number | null;
}

export interface GrowthNeeds {
  readonly hbm: FleetNeed;
  readonly tiered: FleetNeed;
  readonly recompute: FleetNeed;
}

function grown(need: FleetNeed, growth: Growth, years: number): FleetNeed {
  return {
    flopsPerSecond: need.flopsPerSecond * growth.compute ** years,
    memoryBytesPerSecond: need.memoryBytesPerSecond * growth.compute ** years,
    residentBytes: need.residentBytes * growth.memory ** years,
  };
}

/** The three designs year by year: demand and cards grow at their own rates; the model stays. */
export function growthTable(
  needs: GrowthNeeds,
  card: Card,
  weightBytes: number,
  growth: Growth,
  years: number,
): GrowthYear[] {
  return Array.from({ length: years + 1 }, (_, year) => {
    const then: Card = {
      ...card,
      flopsPerSecond: card.flopsPerSecond * growth.cardFlops ** year,
      memoryBytesPerSecond: card.memoryBytesPerSecond * growth.cardBandwidth ** year,
      memoryBytes: card.memoryBytes * growth.cardMemory ** year,
    };
    const size = (need: FleetNeed) => fleetSize(grown(need, growth, year), then, weightBytes);
    const [hbm, tiered, recompute] = [needs.hbm, needs.tiered, needs.recompute].map(size);
    return {
      year,
      hbm,
      tiered,
      recompute,
      boughtForMemory: hbm === null ? null : Math.max(0, hbm.gpus - hbm.forCompute),
      tierWorthGpus: hbm === null || tiered === null ? null : hbm.gpus - tiered.gpus,
    };
  });
}
