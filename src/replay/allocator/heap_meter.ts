import type { Series } from "../../model/policy.ts";
import type { Heap } from "./heap.ts";
import type { HeapMoment } from "./heap_replay.ts";

interface Point {
  readonly x: number;
  readonly requested: number;
  readonly allocated: number;
  readonly reserved: number;
  readonly stranded: number;
  readonly releasable: number;
  readonly largestFree: number;
}

/**
 * Watches a replay: a thinned line over time (over operations where the trace has no times), and the moment
 * to look at: when the reserved memory reached its peak, or the first failure.
 */
export class HeapMeter {
  readonly #stride: number;
  readonly #points: Point[] = [];
  #timed: boolean | null = null;
  #lastSeconds = 0;
  #reservedByteSeconds = 0;
  #lastReserved = 0;
  #reserved = -1;
  #peakIndex = -1;
  firstOomIndex: number | null = null;
  lastIndex = -1;
  /** Requested bytes of the first allocation that failed. */
  firstOomBytes = 0;

  constructor(operations: number, points: number) {
    this.#stride = Math.max(1, Math.ceil(operations / Math.max(16, points)));
  }

  readonly observe = (heap: Heap, moment: HeapMoment): void => {
    const { stats: s } = heap;
    const { index, batch, row, block } = moment;
    this.lastIndex = index;
    if (s.reserved > this.#reserved) {
      this.#reserved = s.reserved;
      this.#peakIndex = index;
    }
    if (block !== undefined && block < 0 && this.firstOomIndex === null) {
      this.firstOomIndex = index;
      this.firstOomBytes = batch.size[row];
    }
    const time = batch.timeNs[row];
    if (!Number.isNaN(time)) {
      const seconds = time / 1e9;
      this.#reservedByteSeconds += this.#lastReserved * Math.max(0, seconds - this.#lastSeconds);
      this.#lastSeconds = seconds;
      this.#lastReserved = s.reserved;
    }
    this.#timed ??= Number.isNaN(time) ? null : true;
    if (index % this.#stride === 0) {
      const largestFree = heap.largestFree();
      this.#points.push({
        x: this.#timed === true ? this.#lastSeconds : index,
        requested: s.requested,
        allocated: s.allocated,
        reserved: s.reserved,
        stranded: s.stranded,
        releasable: s.reserved - s.active - s.stranded,
        largestFree,
      });
    }
  };

  /** Operation that took the reserved memory to its peak; -1 before the first. */
  get peakIndex(): number {
    return this.#peakIndex;
  }

  /** Seconds of the trace; 0 where it has no times. */
  get seconds(): number {
    return this.#lastSeconds;
  }

  /** Reserved bytes over the time of the trace; 0 where it has no times. */
  get reservedByteSeconds(): number {
    return this.#reservedByteSeconds;
  }

  /** @param capacityBytes Device memory that the largest possible allocation is counted in. */
  series(capacityBytes: number): Series[] {
    const line = (id: string, title: string, of: (p: Point) => number): Series => ({
      id,
      title,
      xUnit: this.#timed === true ? "seconds" : "index",
      unit: "bytes",
      x: this.#points.map((p) => p.x),
      y: this.#points.map(of),
    });
    return [
      line("reserved_bytes", "bytes reserved from the driver", (p) => p.reserved),
      line("allocated_bytes", "bytes in live blocks", (p) => p.allocated),
      line("requested_bytes", "bytes asked for", (p) => p.requested),
      line("stranded_bytes", "free bytes that cannot be given back", (p) => p.stranded),
      line(
        "largest_allocatable_bytes",
        "largest allocation that would succeed",
        (p) => Math.max(p.largestFree, capacityBytes - p.reserved + p.releasable),
      ),
    ];
  }
}
