import { createMinHeap, type MinHeap } from "./min_heap.ts";

/** One direction of a link, or a device's reads or writes. */
export interface LinkSpec {
  readonly name: string;
  readonly bytesPerSecond: number;
  /** Index of the opposite direction; while both carry data each has `duplexFactor` of its bandwidth. */
  readonly opposite?: number;
  readonly duplexFactor?: number;
}

/** A route that transfers take: a set of links crossed at once, each `weight` times (DRAM twice). */
export interface RouteSpec {
  readonly name: string;
  readonly links: readonly { readonly link: number; readonly weight: number }[];
  readonly latencySeconds: number;
  /** Cost of each descriptor (contiguous piece), seconds; they are set up one after the other. */
  readonly descriptorSeconds: number;
}

/**
 * Concurrent transfers on shared links, in simulated time. Transfers of a route share it equally
 * (processor sharing); routes share links max-min fairly over their whole paths. Deterministic.
 */
export interface LinkNetwork {
  readonly links: readonly LinkSpec[];
  /** Starts a transfer now (time must not go back); returns its number. */
  start(route: number, bytes: number, descriptors: number, nowSeconds: number): number;
  /** Lets time pass. */
  advance(nowSeconds: number): void;
  /** When a transfer ends at the rates of now, which is never too early; the past time once it has ended. */
  endSeconds(transfer: number): number;
  /** When it ends if nothing else starts: others that end before leave it their share. */
  forecastSeconds(transfer: number): number;
  isDone(transfer: number): boolean;
  /** Nobody asks for the transfer any more: its number is used again once it has ended. */
  release(transfer: number): void;
  /** Stops a transfer that has not ended, now; what it had not moved is not counted. Its number is used again. */
  cancel(transfer: number, nowSeconds: number): void;
  /** Transfers in flight on a route. */
  active(route: number): number;
  /** Seconds a new transfer would take if nothing else starts or ends: for predictions. */
  estimateSeconds(route: number, bytes: number, descriptors: number): number;
  /** Bytes that transfers of each route were started with. */
  readonly routeBytes: Float64Array;
  /** Bytes that crossed each link so far (twice where a route crosses it twice), and its busy seconds. */
  readonly linkBytes: Float64Array;
  readonly linkBusySeconds: Float64Array;
  /** Bytes that have arrived at the end of each route, and those still under way. */
  readonly movedBytes: Float64Array;
  bytesUnderWay(): number;
}

/** Makes an idle network at time 0. */
export function createLinkNetwork(
  links: readonly LinkSpec[],
  routes: readonly RouteSpec[],
): LinkNetwork {
  const counts = new Int32Array(routes.length);
  // Service one transfer of the route has got since time 0, in bytes, and its current rate.
  const served = new Float64Array(routes.length);
  const rates = new Float64Array(routes.length);
  const queues: MinHeap[] = routes.map(() => createMinHeap());
  const routeBytes = new Float64Array(routes.length);
  const movedBytes = new Float64Array(routes.length);
  const linkBytes = new Float64Array(links.length);
  const linkBusySeconds = new Float64Array(links.length);
  // Links of each route and how often each is crossed, flat for the inner loops.
  const routeLinks = routes.map((route) => Int32Array.from(route.links, ({ link }) => link));
  const routeWeights = routes.map((route) => Float64Array.from(route.links, (l) => l.weight));
  // Routes that carry something, in order; how many of them cross each link.
  const busyRoutes: number[] = [];
  const crossing = new Int32Array(links.length);
  const left = new Float64Array(links.length);
  const demand = new Float64Array(links.length);
  const frozen = new Uint8Array(routes.length);
  // Per transfer: route, service at which it ends, delay after that, end time (NaN while running).
  let routeOf = new Int32Array(64);
  let target = new Float64Array(64);
  let size = new Float64Array(64);
  let delay = new Float64Array(64);
  let ended = new Float64Array(64);
  let forgotten = new Uint8Array(64);
  let [foreseen, foresees] = [new Float64Array(64), false];
  // What a forecast changes, room to keep it, and the transfers in line with the last of each route.
  const state = [counts, served, crossing, rates] as const;
  const kept = state.map((array) => array.slice());
  const [busyKept, line]: [number[], number[]] = [[], []];
  const lastOf = new Int32Array(routes.length);
  const free: number[] = [];
  let [used, now] = [0, 0];

  const open = (route: number): void => {
    let at = busyRoutes.length;
    while (at > 0 && busyRoutes[at - 1] > route) at--;
    busyRoutes.splice(at, 0, route);
    for (const link of routeLinks[route]) crossing[link]++;
  };
  const close = (route: number): void => {
    busyRoutes.splice(busyRoutes.indexOf(route), 1);
    for (const link of routeLinks[route]) crossing[link]--;
    // An empty route starts counting anew, so that sums stay small and exact.
    served[route] = 0;
  };
  const bandwidthNow = (link: number): number => {
    const { bytesPerSecond, opposite, duplexFactor } = links[link];
    const both = opposite !== undefined && crossing[opposite] > 0;
    return bytesPerSecond * (both ? duplexFactor ?? 1 : 1);
  };
  /** Max-min fair rates by water-filling: raise all rates together, freeze routes at full links. */
  const share = (): void => {
    if (busyRoutes.length === 1) {
      // Alone on its links, which is the usual case: the narrowest one rules.
      const [route] = busyRoutes;
      const [crossed, weights] = [routeLinks[route], routeWeights[route]];
      let rate = Infinity;
      for (let k = 0; k < crossed.length; k++) {
        rate = Math.min(rate, bandwidthNow(crossed[k]) / (counts[route] * weights[k]));
      }
      rates[route] = rate;
      return;
    }
    for (const route of busyRoutes) {
      rates[route] = 0;
      frozen[route] = 0;
      for (const link of routeLinks[route]) left[link] = bandwidthNow(link);
    }
    for (let unfrozen = busyRoutes.length; unfrozen > 0;) {
      for (const route of busyRoutes) for (const link of routeLinks[route]) demand[link] = 0;
      for (const route of busyRoutes) {
        if (frozen[route] === 1) continue;
        const [crossed, weights] = [routeLinks[route], routeWeights[route]];
        for (let k = 0; k < crossed.length; k++) demand[crossed[k]] += counts[route] * weights[k];
      }
      let step = Infinity;
      let full = -1;
      for (const route of busyRoutes) {
        if (frozen[route] === 1) continue;
        for (const link of routeLinks[route]) {
          if (left[link] < step * demand[link]) {
            step = left[link] / demand[link];
            full = link;
          }
        }
      }
      for (const route of busyRoutes) {
        if (frozen[route] === 1) continue;
        rates[route] += step;
        const [crossed, weights] = [routeLinks[route], routeWeights[route]];
        for (let k = 0; k < crossed.length; k++) {
          left[crossed[k]] -= step * counts[route] * weights[k];
        }
      }
      left[full] = 0;
      for (const route of busyRoutes) {
        if (frozen[route] === 0 && routeLinks[route].includes(full)) {
          frozen[route] = 1;
          unfrozen--;
        }
      }
    }
  };
  const pass = (seconds: number): void => {
    if (seconds <= 0) return;
    for (const route of busyRoutes) served[route] += rates[route] * seconds;
    for (let l = 0; l < links.length; l++) if (crossing[l] > 0) linkBusySeconds[l] += seconds;
    now += seconds;
  };
  const finish = (route: number, bytes: number): void => {
    movedBytes[route] += bytes;
    const [crossed, weights] = [routeLinks[route], routeWeights[route]];
    for (let k = 0; k < crossed.length; k++) linkBytes[crossed[k]] += weights[k] * bytes;
  };
  const advance = (until: number): void => {
    while (busyRoutes.length > 0) {
      let route = -1;
      let at = Infinity;
      for (const r of busyRoutes) {
        const end = now + Math.max(0, queues[r].peekKey() - served[r]) / rates[r];
        if (end < at) {
          at = end;
          route = r;
        }
      }
      if (at > until) {
        pass(until - now);
        break;
      }
      pass(at - now);
      now = Math.max(now, at);
      const transfer = queues[route].pop();
      served[route] = Math.max(served[route], target[transfer]);
      finish(route, size[transfer]);
      ended[transfer] = at + delay[transfer];
      if (forgotten[transfer] === 1) free.push(transfer);
      if (--counts[route] === 0) close(route);
      if (busyRoutes.length > 0) share();
    }
    now = Math.max(now, until);
  };
  const grow = (): void => {
    const length = 2 * routeOf.length;
    const wider = <T extends Int32Array | Float64Array | Uint8Array>(into: T, from: T): T => {
      into.set(from);
      return into;
    };
    routeOf = wider(new Int32Array(length), routeOf);
    target = wider(new Float64Array(length), target);
    size = wider(new Float64Array(length), size);
    delay = wider(new Float64Array(length), delay);
    ended = wider(new Float64Array(length), ended);
    foreseen = wider(new Float64Array(length), foreseen);
    forgotten = wider(new Uint8Array(length), forgotten);
  };
  /** Lets all transfers end in thought, in order, and puts everything back. */
  const foresee = (): void => {
    kept.forEach((copy, i) => copy.set(state[i]));
    busyKept.length = line.length = 0;
    busyKept.push(...busyRoutes);
    for (let t = 0; t < used; t++) if (Number.isNaN(ended[t])) line.push(t);
    // By route, the first to end last.
    if (line.length > 1) line.sort((a, b) => routeOf[a] - routeOf[b] || target[b] - target[a]);
    for (let i = 0; i < line.length; i++) lastOf[routeOf[line[i]]] = i;
    for (let at = now; busyRoutes.length > 0;) {
      let [next, seconds] = [-1, Infinity];
      for (const r of busyRoutes) {
        const left = Math.max(0, target[line[lastOf[r]]] - served[r]) / rates[r];
        if (left < seconds) [seconds, next] = [left, r];
      }
      for (const r of busyRoutes) served[r] += rates[r] * seconds;
      at += seconds;
      const transfer = line[lastOf[next]--];
      served[next] = Math.max(served[next], target[transfer]);
      foreseen[transfer] = at + delay[transfer];
      if (--counts[next] === 0) close(next);
      if (busyRoutes.length > 0) share();
    }
    state.forEach((array, i) => array.set(kept[i]));
    busyRoutes.push(...busyKept);
    foresees = true;
  };
  const endSeconds = (transfer: number): number => {
    if (!Number.isNaN(ended[transfer])) return ended[transfer];
    const route = routeOf[transfer];
    return now + Math.max(0, target[transfer] - served[route]) / rates[route] + delay[transfer];
  };
  const setup = (route: number, descriptors: number): number =>
    routes[route].latencySeconds + descriptors * routes[route].descriptorSeconds;
  return {
    links,
    start(route, bytes, descriptors, nowSeconds) {
      advance(nowSeconds);
      const transfer = free.pop() ?? used++;
      if (transfer >= routeOf.length) grow();
      routeOf[transfer] = route;
      delay[transfer] = setup(route, descriptors);
      target[transfer] = served[route] + bytes;
      size[transfer] = bytes;
      ended[transfer] = NaN;
      forgotten[transfer] = 0;
      queues[route].push(target[transfer], transfer);
      if (counts[route]++ === 0) open(route);
      routeBytes[route] += bytes;
      foresees = false;
      share();
      return transfer;
    },
    advance,
    endSeconds,
    forecastSeconds(transfer) {
      if (!Number.isNaN(ended[transfer])) return ended[transfer];
      // Alone, as it often is, nothing will change its rate.
      if (busyRoutes.length === 1 && counts[busyRoutes[0]] === 1) return endSeconds(transfer);
      if (!foresees) foresee();
      return foreseen[transfer];
    },
    isDone: (transfer) => ended[transfer] <= now,
    release(transfer) {
      if (Number.isNaN(ended[transfer])) forgotten[transfer] = 1;
      else free.push(transfer);
    },
    cancel(transfer, nowSeconds) {
      advance(nowSeconds);
      if (!Number.isNaN(ended[transfer])) return;
      const route = routeOf[transfer];
      const queue = queues[route];
      const others: number[] = [];
      while (queue.size > 0) {
        const other = queue.pop();
        if (other !== transfer) others.push(other);
      }
      for (const other of others) queue.push(target[other], other);
      routeBytes[route] -= Math.max(0, target[transfer] - served[route]);
      ended[transfer] = now;
      foresees = false;
      free.push(transfer);
      if (--counts[route] === 0) close(route);
      if (busyRoutes.length > 0) share();
    },
    active: (route) => counts[route],
    estimateSeconds(route, bytes, descriptors) {
      if (counts[route]++ === 0) open(route);
      share();
      const rate = rates[route];
      if (--counts[route] === 0) close(route);
      share();
      return bytes / rate + setup(route, descriptors);
    },
    routeBytes,
    linkBytes,
    linkBusySeconds,
    movedBytes,
    bytesUnderWay() {
      let bytes = 0;
      for (let t = 0; t < used; t++) if (Number.isNaN(ended[t])) bytes += size[t];
      return bytes;
    },
  };
}
