import type { LinkNetwork } from "../shared/link_network.ts";

/** What crossed the links of an instance. */
export interface Traffic {
  readonly links: readonly LinkTotals[];
  /** Bytes of transfers: started, arrived, and still under way at the end. */
  readonly startedBytes: number;
  readonly movedBytes: number;
  readonly underWayBytes: number;
}

/** Traffic of one link; a route that crosses it twice counts twice. */
export interface LinkTotals {
  readonly name: string;
  /** What it can carry a second, in one direction, alone. */
  readonly bytesPerSecond: number;
  readonly bytes: number;
  readonly busySeconds: number;
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}

/** The traffic of a network so far. */
export function trafficOf(network: LinkNetwork): Traffic {
  return {
    links: network.links.map(({ name, bytesPerSecond }, l) => ({
      name,
      bytesPerSecond,
      bytes: network.linkBytes[l],
      busySeconds: network.linkBusySeconds[l],
    })),
    startedBytes: sum(network.routeBytes),
    movedBytes: sum(network.movedBytes),
    underWayBytes: network.bytesUnderWay(),
  };
}
