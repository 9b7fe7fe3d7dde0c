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
  /** Starts a transfer now (time must not go back); returns its number. */
  start(route: number, bytes: number, descriptors: number, nowSeconds: number): number;
  /** Lets time pass. */
  advance(nowSeconds: number): void;
  /** When a transfer ends if nothing else starts; the past time once it has ended. */
  endSeconds(transfer: number): number;
  isDone(transfer: number): boolean;
  /** Nobody asks for the transfer any more: its number is used again once it has ended. */
  release(transfer: number): void;
  /** Bytes in flight on a route. */
  active(route: number): number;
  /** Seconds a new transfer would take if nothing else starts or ends: for predictions. */
  estimateSeconds(route: number, bytes: number, descriptors: number): number;
  /** Bytes moved so far by route, and the seconds each link was busy. */
  readonly routeBytes: Float64Array;
  readonly linkBusySeconds: Float64Array;
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
  const linkBusySeconds = new Float64Array(links.length);
  const linkRoutes = new Int32Array(links.length);
  const left = new Float64Array(links.length);
  const weightOf = routes.map((route) => {
    const weights = new Float64Array(links.length);
    for (const { link, weight } of route.links) weights[link] += weight;
    return weights;
  });
  // Per transfer: route, service at which it ends, delay after that, end time (NaN while running).
  let routeOf = new Int32Array(64);
  let target = new Float64Array(64);
  let delay = new Float64Array(64);
  let ended = new Float64Array(64);
  let forgotten = new Uint8Array(64);
  const free: number[] = [];
  let used = 0;
  let now = 0;

  /** Max-min fair rates by water-filling: raise all rates together, freeze routes at full links. */
  const share = (): void => {
    linkRoutes.fill(0);
    for (let r = 0; r < routes.length; r++) {
      rates[r] = 0;
      if (counts[r] === 0) continue;
      for (const { link } of routes[r].links) linkRoutes[link] = 1;
    }
    for (let l = 0; l < links.length; l++) {
      const { bytesPerSecond, opposite, duplexFactor } = links[l];
      const both = opposite !== undefined && linkRoutes[opposite] === 1;
      left[l] = bytesPerSecond * (both ? duplexFactor ?? 1 : 1);
    }
    let open = 0;
    for (let r = 0; r < routes.length; r++) if (counts[r] > 0) open++;
    const frozen = new Uint8Array(routes.length);
    while (open > 0) {
      let step = Infinity;
      let full = -1;
      for (let l = 0; l < links.length; l++) {
        let demand = 0;
        for (let r = 0; r < routes.length; r++) {
          if (counts[r] > 0 && frozen[r] === 0) demand += counts[r] * weightOf[r][l];
        }
        if (demand > 0 && left[l] / demand < step) {
          step = left[l] / demand;
          full = l;
        }
      }
      for (let r = 0; r < routes.length; r++) {
        if (counts[r] === 0 || frozen[r] === 1) continue;
        rates[r] += step;
        for (let l = 0; l < links.length; l++) left[l] -= step * counts[r] * weightOf[r][l];
      }
      if (full >= 0) left[full] = 0;
      for (let r = 0; r < routes.length; r++) {
        if (counts[r] > 0 && frozen[r] === 0 && (full < 0 || weightOf[r][full] > 0)) {
          frozen[r] = 1;
          open--;
        }
      }
    }
  };
  const pass = (seconds: number): void => {
    if (seconds <= 0) return;
    linkRoutes.fill(0);
    for (let r = 0; r < routes.length; r++) {
      if (counts[r] === 0) continue;
      served[r] += rates[r] * seconds;
      for (const { link } of routes[r].links) linkRoutes[link] = 1;
    }
    for (let l = 0; l < links.length; l++) if (linkRoutes[l] === 1) linkBusySeconds[l] += seconds;
    now += seconds;
  };
  const nextEnd = (): { route: number; at: number } => {
    let route = -1;
    let at = Infinity;
    for (let r = 0; r < routes.length; r++) {
      if (counts[r] === 0) continue;
      const end = now + Math.max(0, queues[r].peekKey() - served[r]) / rates[r];
      if (end < at) {
        at = end;
        route = r;
      }
    }
    return { route, at };
  };
  const advance = (until: number): void => {
    let active = 0;
    for (let r = 0; r < routes.length; r++) active += counts[r];
    while (active > 0) {
      const { route, at } = nextEnd();
      if (at > until) break;
      pass(at - now);
      now = Math.max(now, at);
      const transfer = queues[route].pop();
      served[route] = Math.max(served[route], target[transfer]);
      ended[transfer] = at + delay[transfer];
      if (forgotten[transfer] === 1) free.push(transfer);
      counts[route]--;
      active--;
      // An empty route starts counting anew, so that sums stay small and exact.
      if (counts[route] === 0) served[route] = 0;
      if (active > 0) share();
    }
    if (active > 0) pass(until - now);
    now = Math.max(now, until);
  };
  const grow = (): void => {
    const size = 2 * routeOf.length;
    const wider = <T extends Int32Array | Float64Array | Uint8Array>(into: T, from: T): T => {
      into.set(from);
      return into;
    };
    routeOf = wider(new Int32Array(size), routeOf);
    target = wider(new Float64Array(size), target);
    delay = wider(new Float64Array(size), delay);
    ended = wider(new Float64Array(size), ended);
    forgotten = wider(new Uint8Array(size), forgotten);
  };
  const setup = (route: number, descriptors: number): number =>
    routes[route].latencySeconds + descriptors * routes[route].descriptorSeconds;
  return {
    start(route, bytes, descriptors, nowSeconds) {
      advance(nowSeconds);
      const transfer = free.pop() ?? used++;
      if (transfer >= routeOf.length) grow();
      routeOf[transfer] = route;
      delay[transfer] = setup(route, descriptors);
      target[transfer] = served[route] + bytes;
      ended[transfer] = NaN;
      forgotten[transfer] = 0;
      queues[route].push(target[transfer], transfer);
      counts[route]++;
      routeBytes[route] += bytes;
      share();
      return transfer;
    },
    advance,
    endSeconds(transfer) {
      if (!Number.isNaN(ended[transfer])) return ended[transfer];
      const route = routeOf[transfer];
      return now + Math.max(0, target[transfer] - served[route]) / rates[route] + delay[transfer];
    },
    isDone: (transfer) => ended[transfer] <= now,
    release(transfer) {
      if (Number.isNaN(ended[transfer])) forgotten[transfer] = 1;
      else free.push(transfer);
    },
    active: (route) => counts[route],
    estimateSeconds(route, bytes, descriptors) {
      counts[route]++;
      share();
      const rate = rates[route];
      counts[route]--;
      share();
      return bytes / rate + setup(route, descriptors);
    },
    routeBytes,
    linkBusySeconds,
  };
}
