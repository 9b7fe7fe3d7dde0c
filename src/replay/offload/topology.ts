import type { HardwareProfile, Quantity } from "../../model/profiles/hardware.ts";
import {
  createLinkNetwork,
  type LinkNetwork,
  type LinkSpec,
  type RouteSpec,
} from "../shared/link_network.ts";
import type { TieredParams } from "./engine_params.ts";
import { hostLinkBytesPerSecond, type Side, sideOf } from "./machine.ts";

/** Routes by what they connect. The numbers index the network's routes. */
export const ROUTE = {
  dramToGpu: 0,
  gpuToDram: 1,
  ssdToGpu: 2,
  gpuToSsd: 3,
  dramToSsd: 4,
  ssdToDram: 5,
  remoteToGpu: 6,
  gpuToRemote: 7,
  toRemote: 8,
  remoteToSsd: 9,
} as const;

/** Links of an instance; directions are as seen from host memory. The numbers index the network's links. */
export const LINK = {
  toGpu: 0,
  fromGpu: 1,
  ssdRead: 2,
  ssdWrite: 3,
  memory: 4,
  network: 5,
  switchIn: 6,
  switchOut: 7,
  rootIn: 8,
  rootOut: 9,
  socketIn: 10,
  socketOut: 11,
} as const;

/** Stands for "never limits" where the profile does not know a link. */
const UNLIMITED = 1e15;

/**
 * The links of one instance: host link of each direction, drive reads and writes, host memory, network, and
 * where the profile knows them the switch of the drives, the root complex and the link between the sockets.
 * Instances share the machine, so each has its part of what is not its GPUs' own. A drive transfer crosses
 * host memory twice when it goes through a bounce buffer; without one it goes from drive to GPU directly,
 * past host memory and, under a common switch, past the root complex.
 */
export function networkOf(
  hardware: HardwareProfile,
  params: TieredParams,
  gpus: number,
  side: Side,
): () => LinkNetwork {
  const { links: profile, ssds, dram, remote } = hardware;
  const down = hostLinkBytesPerSecond(hardware, params, gpus, side);
  const up = params.hostBandwidth ??
    (profile.deviceToHost === undefined ? down : gpus * sideOf(profile.deviceToHost, side));
  const share = 1 / (params.instances + params.decodeInstances);
  const drives = (pick: (s: typeof ssds[number]) => Quantity) =>
    share * ssds.reduce((sum, s) => sum + s.count * sideOf(pick(s), side), 0);
  const shared = (quantity: Quantity | undefined) =>
    quantity === undefined ? UNLIMITED : share * sideOf(quantity, side);
  const nic = profile.nic === undefined ? Infinity : share * sideOf(profile.nic, side);
  const remoteRate = remote === null ? 0 : Math.min(nic, sideOf(remote.readBytesPerSecond, side));
  const duplexFactor = sideOf(profile.duplexFactor, side);
  const far = profile.interSocket === undefined ? 0 : profile.interSocketShare ?? 0.5;
  const specs: LinkSpec[] = [
    { name: "host to GPU", bytesPerSecond: down, opposite: LINK.fromGpu, duplexFactor },
    { name: "GPU to host", bytesPerSecond: up, opposite: LINK.toGpu, duplexFactor },
    { name: "drive reads", bytesPerSecond: drives((s) => s.readBytesPerSecond) },
    { name: "drive writes", bytesPerSecond: drives((s) => s.writeBytesPerSecond) },
    { name: "host memory", bytesPerSecond: shared(dram?.bytesPerSecond) },
    { name: "network", bytesPerSecond: remoteRate },
    { name: "drive switch, in", bytesPerSecond: shared(profile.driveSwitch) },
    { name: "drive switch, out", bytesPerSecond: shared(profile.driveSwitch) },
    { name: "root complex, in", bytesPerSecond: shared(profile.rootComplex) },
    { name: "root complex, out", bytesPerSecond: shared(profile.rootComplex) },
    { name: "between sockets, in", bytesPerSecond: shared(profile.interSocket) },
    { name: "between sockets, out", bytesPerSecond: shared(profile.interSocket) },
  ];
  const base = sideOf(profile.baseLatencySeconds, side);
  const most = (values: (number | undefined)[]) => Math.max(0, ...values.map((v) => v ?? 0));
  const fromDrive = base + most(ssds.map((s) => s.readLatencySeconds?.value));
  const toDrive = base + most(ssds.map((s) => s.writeLatencySeconds?.value));
  const toFar = base + (remote?.readLatencySeconds?.value ?? 0);
  // A drive takes commands at its rate of I/O operations; each piece moved is one at least.
  const iops = (pick: (s: typeof ssds[number]) => Quantity | undefined) => {
    const rate = share * ssds.reduce((sum, s) => sum + s.count * (pick(s)?.value ?? Infinity), 0);
    return Number.isFinite(rate) && rate > 0 ? 1 / rate : 0;
  };
  const [readPiece, writePiece] = [iops((s) => s.readIops), iops((s) => s.writeIops)];
  type Crossing = readonly [link: number, weight: number];
  const route = (
    name: string,
    latencySeconds: number,
    pieceSeconds: number,
    ...at: Crossing[]
  ): RouteSpec => ({
    name,
    latencySeconds,
    descriptorSeconds: params.descriptorSeconds + pieceSeconds,
    links: at.filter(([link, weight]) => weight > 0 && specs[link].bytesPerSecond < UNLIMITED)
      .map(([link, weight]) => ({ link, weight })),
  });
  const { toGpu, fromGpu, ssdRead, ssdWrite, memory, network } = LINK;
  const { switchIn, switchOut, rootIn, rootOut, socketIn, socketOut } = LINK;
  const hostToGpu: Crossing[] = [[rootOut, 1], [socketOut, far], [toGpu, 1]];
  const gpuToHost: Crossing[] = [[fromGpu, 1], [socketIn, far], [rootIn, 1]];
  const driveIn: Crossing[] = [[ssdRead, 1], [switchIn, 1], [rootIn, 1]];
  const driveOut: Crossing[] = [[rootOut, 1], [switchOut, 1], [ssdWrite, 1]];
  const common = profile.driveSwitch !== undefined;
  const driveToGpu: Crossing[] = params.bounceBuffer
    ? [...driveIn, [memory, 2], ...hostToGpu]
    : common
    ? [[ssdRead, 1], [toGpu, 1]]
    : [...driveIn, ...hostToGpu];
  const gpuToDrive: Crossing[] = params.bounceBuffer
    ? [...gpuToHost, [memory, 2], ...driveOut]
    : common
    ? [[fromGpu, 1], [ssdWrite, 1]]
    : [...gpuToHost, ...driveOut];
  const routes: RouteSpec[] = [
    route("host memory to GPU", base, 0, [memory, 1], ...hostToGpu),
    route("GPU to host memory", base, 0, ...gpuToHost, [memory, 1]),
    route("drive to GPU", fromDrive, readPiece, ...driveToGpu),
    route("GPU to drive", toDrive, writePiece, ...gpuToDrive),
    route("host memory to drive", toDrive, writePiece, [memory, 1], ...driveOut),
    route("drive to host memory", fromDrive, readPiece, ...driveIn, [memory, 1]),
    route("remote to GPU", toFar, 0, [network, 1], [rootIn, 1], [memory, 2], ...hostToGpu),
    route("GPU to remote", toFar, 0, ...gpuToHost, [memory, 2], [rootOut, 1], [network, 1]),
    route("host to remote", toFar, 0, [memory, 1], [rootOut, 1], [network, 1]),
    route("remote to host", toFar, 0, [network, 1], [rootIn, 1], [memory, 1]),
  ];
  return () => createLinkNetwork(specs, routes);
}
