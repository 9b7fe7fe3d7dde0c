import { createLinkNetwork, type LinkNetwork } from "../../shared/link_network.ts";

/** How fast one job can write and read when nobody else does, bytes a second; Infinity: no transfer. */
export interface PortSpec {
  readonly saveBytes: number;
  readonly saveRate: number;
  readonly loadBytes: number;
  readonly loadRate: number;
  /** Saves go on while the job trains. */
  readonly background: boolean;
  readonly bucket: TokenBucket | null;
}

/** One job's access to the shared store: at most one save or load that it waits for, and one it does not. */
export interface StorePort {
  admit(now: number): boolean;
  nextToken(now: number): number;
  /** Starts a save; false when it takes no time. */
  startWrite(now: number): boolean;
  startRead(now: number): boolean;
  /** Whether a save is on its way in the background. */
  writing(): boolean;
  foregroundEnd(): number;
  foregroundDone(now: number): boolean;
  backgroundEnd(): number;
  backgroundDone(now: number): boolean;
  /** Stops what the job waits for; a save in the background goes on. */
  cancelForeground(now: number): void;
  cancelBackground(now: number): void;
}

/** Tokens that flow in at a steady rate; a save takes one. */
export interface TokenBucket {
  take(now: number): boolean;
  next(now: number): number;
}

export function createTokenBucket(size: number, perSecond: number): TokenBucket {
  let tokens = size;
  let at = 0;
  const fill = (now: number): void => {
    tokens = Math.min(size, tokens + Math.max(0, now - at) * perSecond);
    at = Math.max(at, now);
  };
  return {
    take(now) {
      fill(now);
      if (tokens < 1 - 1e-9) return false;
      tokens -= 1;
      return true;
    },
    next(now) {
      fill(now);
      return tokens >= 1 - 1e-9 ? now : now + (1 - tokens) / perSecond;
    },
  };
}

/** A shared store with a port a job. */
export interface SharedStoreModel {
  readonly ports: readonly StorePort[];
  /** Most transfers at one time, and the time that there was any. */
  peakTransfers(): number;
  busySeconds(): number;
}

/** A store of one bandwidth for writes and reads together, shared fairly by all who use it at a time. */
export function createSharedStore(
  bandwidth: number,
  specs: readonly PortSpec[],
): SharedStoreModel {
  // Link 0 is the store; each job has a link of its own for saves and one for loads.
  const links = [
    { name: "store", bytesPerSecond: bandwidth },
    ...specs.flatMap((s, j) => [
      { name: `save ${j}`, bytesPerSecond: Math.min(s.saveRate, 1e18) },
      { name: `load ${j}`, bytesPerSecond: Math.min(s.loadRate, 1e18) },
    ]),
  ];
  const route = (name: string, link: number) => ({
    name,
    links: [{ link: 0, weight: 1 }, { link, weight: 1 }],
    latencySeconds: 0,
    descriptorSeconds: 0,
  });
  const routes = specs.flatMap((_, j) => [
    route(`save ${j}`, 1 + 2 * j),
    route(`load ${j}`, 2 + 2 * j),
  ]);
  const network = createLinkNetwork(links, routes);
  let inFlight = 0;
  let peak = 0;
  const count = (change: number): void => {
    inFlight += change;
    peak = Math.max(peak, inFlight);
  };
  return {
    ports: specs.map((spec, j) => createPort(network, spec, 2 * j, count)),
    peakTransfers: () => peak,
    busySeconds: () => network.linkBusySeconds[0],
  };
}

function createPort(
  network: LinkNetwork,
  spec: PortSpec,
  saveRoute: number,
  count: (change: number) => void,
): StorePort {
  let foreground = -1;
  let background = -1;
  const start = (route: number, bytes: number, now: number): number => {
    count(1);
    return network.start(route, bytes, 0, now);
  };
  const ended = (transfer: number, now: number): boolean => {
    if (transfer < 0) return false;
    network.advance(now);
    if (!network.isDone(transfer)) return false;
    network.release(transfer);
    count(-1);
    return true;
  };
  const stop = (transfer: number, now: number): void => {
    if (transfer < 0) return;
    if (ended(transfer, now)) return;
    network.cancel(transfer, now);
    count(-1);
  };
  return {
    admit: (now) => spec.bucket === null || spec.bucket.take(now),
    nextToken: (now) => spec.bucket?.next(now) ?? now,
    startWrite(now) {
      if (!(spec.saveBytes > 0) || spec.saveRate === Infinity) return false;
      const transfer = start(saveRoute, spec.saveBytes, now);
      if (spec.background) background = transfer;
      else foreground = transfer;
      return true;
    },
    startRead(now) {
      if (!(spec.loadBytes > 0) || spec.loadRate === Infinity) return false;
      foreground = start(saveRoute + 1, spec.loadBytes, now);
      return true;
    },
    writing: () => background >= 0,
    foregroundEnd: () => foreground < 0 ? Infinity : network.endSeconds(foreground),
    foregroundDone(now) {
      if (!ended(foreground, now)) return false;
      foreground = -1;
      return true;
    },
    backgroundEnd: () => background < 0 ? Infinity : network.endSeconds(background),
    backgroundDone(now) {
      if (!ended(background, now)) return false;
      background = -1;
      return true;
    },
    cancelForeground(now) {
      stop(foreground, now);
      foreground = -1;
    },
    cancelBackground(now) {
      stop(background, now);
      background = -1;
    },
  };
}
