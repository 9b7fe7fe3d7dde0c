import type { Profiles } from "../model/profiles/profiles.ts";
import type { Trace, TraceColumns } from "../model/trace/trace.ts";
import { coreCount, openWorkers, shareArrays } from "../runtime/worker_pool.ts";
import type { CapacityJob } from "./capacity_worker.ts";
import type { ReplayShared } from "./replay_worker.ts";

/** Capacities are searched in these steps, the driver's granularity. */
export const CAPACITY_STEP = 2 * 2 ** 20;

/** A policy whose smallest capacity is wanted, with what is known of it. */
export interface CapacityQuestion {
  readonly family: string;
  readonly policy: string;
  readonly params: unknown;
  /** No capacity below this can do: the largest sum of live requests. */
  readonly atLeastBytes: number;
  /** What a device that is never full was asked for. */
  readonly enoughBytes: number;
}

export interface CapacityAnswer {
  /** Fits, while one step less does not: both were replayed. */
  readonly bytes: number;
  readonly probes: number;
}

/**
 * A bisection over steps whose next probes can be asked for before the first is answered: the tree of
 * midpoints is explored breadth-first, so that more probes at once never change what is found.
 */
export class Bisection {
  /** Does not fit. */
  low: number;
  /** Fits, once it was tried. */
  high: number;
  readonly #known = new Map<number, boolean>();

  constructor(low: number, high: number) {
    this.low = low;
    this.high = Math.max(high, low + 1);
  }

  get done(): boolean {
    // Nothing was ever asked for.
    if (this.high <= 0) return true;
    return this.#known.get(this.high) === true && this.high - this.low === 1 &&
      (this.low <= 0 || this.#known.get(this.low) === false);
  }

  get probes(): number {
    return this.#known.size;
  }

  /** Up to `count` steps to try next, the most needed first. */
  next(count: number): number[] {
    const wanted: number[] = [];
    const want = (step: number) => {
      if (step > 0 && !this.#known.has(step) && !wanted.includes(step)) wanted.push(step);
    };
    want(this.high);
    if (this.high - this.low === 1) want(this.low);
    const queue: [number, number][] = [[this.low, this.high]];
    for (let i = 0; i < queue.length && wanted.length < count; i++) {
      const [low, high] = queue[i];
      if (high - low <= 1) continue;
      const middle = (low + high) >> 1;
      want(middle);
      queue.push([low, middle], [middle, high]);
    }
    return wanted.slice(0, count);
  }

  answer(step: number, fits: boolean): void {
    this.#known.set(step, fits);
    // The upper bound may fail: an address range that is sized by the device can be too short there.
    while (this.#known.get(this.high) === false) {
      this.low = this.high;
      this.high *= 2;
    }
    // The lower bound may fit, when giving the cache back helped.
    while (this.#known.get(this.low) === true) {
      this.high = this.low;
      this.low = Math.max(0, this.low - 1);
    }
    for (;;) {
      if (this.high - this.low <= 1) return;
      const middle = (this.low + this.high) >> 1;
      const known = this.#known.get(middle);
      if (known === undefined) return;
      if (known) this.high = middle;
      else this.low = middle;
    }
  }
}

/**
 * Finds the smallest capacity of each question on all cores; the trace is read once and shared. What is
 * found does not depend on the number of cores. Capacities below it may fit again by chance, because giving
 * the cache back changes the layout.
 */
export async function smallestCapacities(
  trace: Trace,
  questions: readonly CapacityQuestion[],
  options: {
    readonly profiles: Profiles;
    readonly seed: number;
    readonly onProbe?: (probes: number) => void;
  },
): Promise<CapacityAnswer[]> {
  const batches: TraceColumns[] = [];
  const cores = coreCount();
  for await (const batch of trace.batches()) batches.push(cores > 1 ? shareArrays(batch) : batch);
  const shared: ReplayShared = {
    batches,
    meta: trace.meta,
    profiles: options.profiles,
    seed: options.seed,
    seriesPoints: 16,
  };
  const searches = questions.map((q) =>
    new Bisection(
      Math.ceil(q.atLeastBytes / CAPACITY_STEP) - 1,
      Math.ceil(q.enoughBytes / CAPACITY_STEP),
    )
  );
  const pool = openWorkers<ReplayShared, CapacityJob, boolean>(
    new URL("./capacity_worker.ts", import.meta.url).href,
    shared,
    cores,
  );
  let probes = 0;
  try {
    for (;;) {
      const open = searches.map((search, i) => ({ search, i })).filter(({ search }) =>
        !search.done
      );
      if (open.length === 0) break;
      const share = Math.max(1, Math.ceil(cores / open.length));
      const asked = open.flatMap(({ search, i }) =>
        search.next(share).map((step) => ({ search, i, step }))
      );
      const answers = await pool.run(asked.map(({ i, step }): CapacityJob => {
        const { family, policy, params } = questions[i];
        return { family, policy, params, capacityBytes: step * CAPACITY_STEP };
      }));
      asked.forEach(({ search, step }, k) => search.answer(step, answers[k]));
      probes += asked.length;
      options.onProbe?.(probes);
    }
  } finally {
    await pool.close();
  }
  return searches.map((s) => ({ bytes: s.high * CAPACITY_STEP, probes: s.probes }));
}
