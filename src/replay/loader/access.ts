import type { TierWork } from "../shared/storage_tier.ts";

/** Samples of a data set, in order. */
export interface Samples {
  readonly count: number;
  readonly bytes: Float64Array;
  readonly totalBytes: number;
}

/** Work on one place, by its index in {@link AccessPlan.places}. */
export interface PlaceWork extends TierWork {
  readonly place: number;
}

/** A place that serves reads: its speed, and whether each host has one of its own. */
export interface Place {
  readonly name: string;
  readonly tier: "dram" | "peer_dram" | "ssd" | "remote" | "object";
  /** Seconds that some work takes on it, alone. */
  seconds(work: TierWork): number;
  /** Seconds of one request's way there and back. */
  readonly latencySeconds: number;
  /** One for every host (a cache), or one for all (the source). */
  readonly perHost: boolean;
}

/** How a policy reads: what a sample costs where, and in which order an epoch takes them. */
export interface AccessPlan {
  readonly places: readonly Place[];
  /** Order of the samples in an epoch. */
  order(epoch: number): Int32Array;
  /** Calls `use` for each piece of work that reading a sample on a host causes; remembers what it caches. */
  read(sample: number, host: number, epoch: number, use: (work: PlaceWork) => void): void;
  /** What caches hold after the run and what was written into them during it, by place name. */
  caches?(): Readonly<
    Record<string, { readonly usedBytes: number; readonly writtenBytes: number }>
  >;
  readonly notes?: readonly string[];
}
