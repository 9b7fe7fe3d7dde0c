import { createMinHeap } from "../shared/min_heap.ts";
import type { AccessPlan } from "./access.ts";
import type { LoaderJob } from "./params.ts";

/** What an epoch took and moved. Bytes, requests and metadata operations by place. */
export interface EpochFacts {
  readonly seconds: number;
  readonly steps: number;
  readonly samples: number;
  /** Compute over wall time of the steps after the first, mean over the accelerators. */
  readonly utilization: number;
  readonly bytes: Float64Array;
  readonly requests: Float64Array;
  readonly metadata: Float64Array;
  readonly busySeconds: Float64Array;
  /** Batch waiting times, seconds, sorted. */
  readonly waits: Float64Array;
}

/**
 * Runs an epoch. Every accelerator's loader has some threads, each of which reads a batch at a time, and may be
 * `depth` batches ahead of the accelerator. Places serve work in the order it is asked for, at their full speed;
 * a thread also waits for the way of each of its requests, one after the other.
 */
export function runEpoch(
  job: LoaderJob,
  plan: AccessPlan,
  epoch: number,
): EpochFacts {
  const { accelerators, batchSize, depth } = job;
  const order = plan.order(epoch);
  const perStep = accelerators * batchSize;
  const steps = Math.floor(order.length / perStep);
  const places = plan.places;
  const bytes = new Float64Array(places.length);
  const requests = new Float64Array(places.length);
  const metadata = new Float64Array(places.length);
  const busy = new Float64Array(places.length);
  // When each place is free: one time a place, or one a place and host.
  const free = places.map((place) => new Float64Array(place.perHost ? job.hosts : 1));
  const hostOf = (a: number) => Math.floor(a * job.hosts / accelerators);
  const threads = Math.min(job.threads, depth);
  const idleThreads = new Int32Array(accelerators).fill(threads);
  const fetched = new Int32Array(accelerators);
  const consumed = new Int32Array(accelerators);
  const ready = Array.from({ length: accelerators }, () => new Set<number>());
  const computing = new Uint8Array(accelerators);
  const idleSince = new Float64Array(accelerators);
  const firstEnd = new Float64Array(accelerators);
  const lastEnd = new Float64Array(accelerators);
  const waits: number[] = [];
  const events = createMinHeap();
  // Event: accelerator, and the batch it fetched; a computation's end has no batch.
  const eventBatch: number[] = [];
  const eventOf: number[] = [];
  let atBarrier = 0;

  const push = (at: number, a: number, batch: number): void => {
    eventOf.push(a);
    eventBatch.push(batch);
    events.push(at, eventOf.length - 1);
  };
  /** Reads a batch: returns when its last byte is there. */
  const fetch = (a: number, batch: number, now: number): number => {
    const host = hostOf(a);
    const work = places.map(() => ({ bytes: 0, requests: 0, metadata: 0 }));
    let waySeconds = 0;
    for (let i = 0; i < batchSize; i++) {
      const sample = order[batch * perStep + a * batchSize + i];
      plan.read(sample, host, epoch, (w) => {
        const sum = work[w.place];
        sum.bytes += w.bytes;
        sum.requests += w.requests;
        sum.metadata += w.metadata;
        waySeconds += (w.requests + w.metadata) * places[w.place].latencySeconds;
      });
    }
    let end = now;
    work.forEach((w, p) => {
      if (w.bytes === 0 && w.requests === 0 && w.metadata === 0) return;
      const seconds = places[p].seconds(w);
      const server = places[p].perHost ? host : 0;
      free[p][server] = Math.max(free[p][server], now) + seconds;
      busy[p] += seconds;
      end = Math.max(end, free[p][server]);
      bytes[p] += w.bytes;
      requests[p] += w.requests;
      metadata[p] += w.metadata;
    });
    return Math.max(end, now + waySeconds);
  };
  const fill = (a: number, now: number, most = depth): void => {
    const until = Math.min(steps, consumed[a] + depth, fetched[a] + most);
    while (idleThreads[a] > 0 && fetched[a] < until) {
      const batch = fetched[a]++;
      idleThreads[a]--;
      push(fetch(a, batch, now), a, batch);
    }
  };
  const start = (a: number, now: number): void => {
    const batch = consumed[a];
    if (computing[a] === 1 || !ready[a].delete(batch)) return;
    computing[a] = 1;
    consumed[a]++;
    waits.push(now - idleSince[a]);
    push(now + job.computeSeconds, a, -1);
    fill(a, now);
  };
  const release = (a: number, now: number): void => {
    computing[a] = 0;
    start(a, now);
  };
  // At the start the loaders ask in turn: none reads all its batches before another's first.
  for (let round = 0; round < depth; round++) {
    for (let a = 0; a < accelerators; a++) fill(a, 0, 1);
  }
  let now = 0;
  while (events.size > 0) {
    now = events.peekKey();
    const event = events.pop();
    const [a, batch] = [eventOf[event], eventBatch[event]];
    if (batch >= 0) {
      idleThreads[a]++;
      ready[a].add(batch);
      start(a, now);
      fill(a, now);
      continue;
    }
    if (consumed[a] === 1) firstEnd[a] = now;
    lastEnd[a] = now;
    if (!job.synchronous) {
      idleSince[a] = now;
      release(a, now);
      continue;
    }
    // The accelerators wait for each other: the last one lets all go on.
    if (++atBarrier < accelerators) continue;
    atBarrier = 0;
    idleSince.fill(now);
    for (let other = 0; other < accelerators; other++) release(other, now);
  }
  let utilization = 0;
  for (let a = 0; a < accelerators; a++) {
    const span = lastEnd[a] - firstEnd[a];
    utilization += span <= 0 ? 1 : (steps - 1) * job.computeSeconds / span;
  }
  return {
    seconds: now,
    steps,
    samples: steps * perStep,
    utilization: steps < 2 ? NaN : utilization / accelerators,
    bytes,
    requests,
    metadata,
    busySeconds: busy,
    waits: Float64Array.from(waits).sort(),
  };
}
