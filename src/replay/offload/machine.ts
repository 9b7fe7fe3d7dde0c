import { usageError } from "../../model/errors.ts";
import { kvBytesPerTokenRank, weightBytes } from "../../model/llm_math.ts";
import type { HardwareProfile, Quantity } from "../../model/profiles/hardware.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import { formatDecimalBytes } from "../../model/units.ts";
import {
  createLinkNetwork,
  type LinkNetwork,
  type LinkSpec,
  type RouteSpec,
} from "../shared/link_network.ts";
import type { EngineParams, TieredParams } from "./engine_params.ts";

/** Which end of every coefficient's interval to take: `low` gives the longest times. */
export type Side = "low" | "mid" | "high";

/** A coefficient of a profile at one end of its interval. */
export function sideOf(quantity: Quantity, side: Side): number {
  if (side === "mid" || !("low" in quantity || "high" in quantity)) return quantity.value;
  const { low, high } = quantity as { low?: number; high?: number };
  return (side === "low" ? low : high) ?? quantity.value;
}

/** The profiles a serving replay cannot do without. @throws usage error naming the missing flag. */
export function neededProfiles(profiles: Profiles): { hardware: HardwareProfile; llm: LlmProfile } {
  const { hardware, llm } = profiles;
  if (llm === null) {
    throw usageError(
      "replay offload needs a model: its bytes and FLOPs decide what pays",
      "add --llm llama-3-8b, or a JSON file of the model's shape",
    );
  }
  if (hardware === null || hardware.gpu === null) {
    throw usageError(
      hardware === null
        ? "replay offload needs a machine: its bandwidths decide what pays"
        : `the hardware profile "${hardware.name}" has no GPU`,
      "add --hardware a100_sxm, or a JSON file that describes the server",
    );
  }
  return { hardware, llm };
}

/** Rates of one instance at one end of the intervals. */
export interface Machine {
  readonly gpus: number;
  readonly flops: number;
  readonly memoryBytesPerSecond: number;
  readonly gpuBytesPerSecond: number;
}

/** The GPUs of one instance. */
export function machineOf(hardware: HardwareProfile, params: EngineParams, side: Side): Machine {
  const gpu = hardware.gpu!;
  const gpus = params.gpus ?? gpu.count;
  const prefill = params.prefillEfficiency ?? sideOf(gpu.prefillEfficiency, side);
  const bandwidth = params.bandwidthEfficiency ?? sideOf(gpu.decodeBandwidthEfficiency, side);
  const between = hardware.links.gpuToGpu ?? hardware.links.hostToDevice;
  return {
    gpus,
    flops: gpus * gpu.bf16Flops.value * prefill,
    memoryBytesPerSecond: gpus * gpu.memoryBytesPerSecond.value * bandwidth,
    gpuBytesPerSecond: between === undefined ? Infinity : sideOf(between, side),
  };
}

/**
 * KV blocks that fit beside the weights: `utilization*memory - weights`, over the bytes of a block on all
 * ranks. @throws usage error when the weights alone do not fit.
 */
export function gpuBlocksOf(
  hardware: HardwareProfile,
  llm: LlmProfile,
  params: EngineParams,
  gpus: number,
  blockTokens: number,
  bytesRatio: number,
): number {
  if (params.gpuBlocks !== null) return params.gpuBlocks;
  const memory = params.memoryUtilization * hardware.gpu!.memoryBytes * gpus;
  const weights = weightBytes(llm);
  const blockBytes = kvBytesPerTokenRank(llm, gpus) * gpus * blockTokens * bytesRatio;
  const blocks = Math.floor((memory - weights) / blockBytes);
  if (blocks < 1) {
    throw usageError(
      `${llm.name} needs ${formatDecimalBytes(weights)} of weights, and ${gpus} x ` +
        `${hardware.gpu!.key} leave room for ${formatDecimalBytes(memory)}`,
      "choose a machine with more GPUs (such as --hardware h100_sxm-x8), or give --set gpuBlocks=N",
    );
  }
  return blocks;
}

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

/** Index of the links whose busy time is reported. */
export const LINK = { ssdRead: 2, ssdWrite: 3 } as const;

/** Host link of an instance, host to GPU, all GPUs together. @throws usage error when nothing gives it. */
export function hostBytesPerSecond(
  hardware: HardwareProfile,
  params: TieredParams,
  gpus: number,
  side: Side,
): number {
  if (params.hostBandwidth !== null) return params.hostBandwidth;
  const link = hardware.links.hostToDevice;
  if (link === undefined) {
    throw usageError(
      `the hardware profile "${hardware.name}" has no links.hostToDevice`,
      "add it to the profile, or give --set hostBandwidth=26GB/s",
    );
  }
  return gpus * sideOf(link, side);
}

/**
 * The links of one instance: host link of each direction, drive reads and writes, host memory, network.
 * A drive transfer crosses host memory twice when it goes through a bounce buffer.
 */
export function networkOf(
  hardware: HardwareProfile,
  params: TieredParams,
  gpus: number,
  side: Side,
): () => LinkNetwork {
  const { links, ssds, dram, remote } = hardware;
  const down = hostBytesPerSecond(hardware, params, gpus, side);
  const up = params.hostBandwidth ??
    (links.deviceToHost === undefined ? down : gpus * sideOf(links.deviceToHost, side));
  const share = 1 / params.instances;
  const drives = (pick: (s: typeof ssds[number]) => Quantity) =>
    share * ssds.reduce((sum, s) => sum + s.count * sideOf(pick(s), side), 0);
  const memory = dram?.bytesPerSecond === undefined
    ? Infinity
    : share * sideOf(dram.bytesPerSecond, side);
  const nic = links.nic === undefined ? 0 : share * sideOf(links.nic, side);
  const duplexFactor = sideOf(links.duplexFactor, side);
  const base = sideOf(links.baseLatencySeconds, side);
  const fromDrive = base + Math.max(0, ...ssds.map((s) => s.readLatencySeconds?.value ?? 0));
  const toDrive = base + Math.max(0, ...ssds.map((s) => s.writeLatencySeconds?.value ?? 0));
  const far = base + (remote?.readLatencySeconds?.value ?? 0);
  const remoteRate = remote === null
    ? 0
    : Math.min(nic || Infinity, remote.readBytesPerSecond.value);
  const specs: LinkSpec[] = [
    { name: "host to GPU", bytesPerSecond: down, opposite: 1, duplexFactor },
    { name: "GPU to host", bytesPerSecond: up, opposite: 0, duplexFactor },
    { name: "drive reads", bytesPerSecond: drives((s) => s.readBytesPerSecond) },
    { name: "drive writes", bytesPerSecond: drives((s) => s.writeBytesPerSecond) },
    { name: "host memory", bytesPerSecond: Number.isFinite(memory) ? memory : 1e15 },
    { name: "network", bytesPerSecond: remoteRate },
  ];
  const bounce = params.bounceBuffer ? 2 : 0;
  const route = (name: string, latencySeconds: number, ...at: [number, number][]): RouteSpec => ({
    name,
    latencySeconds,
    descriptorSeconds: params.descriptorSeconds,
    links: at.filter(([, weight]) => weight > 0).map(([link, weight]) => ({ link, weight })),
  });
  const routes: RouteSpec[] = [
    route("host memory to GPU", base, [0, 1], [4, 1]),
    route("GPU to host memory", base, [1, 1], [4, 1]),
    route("drive to GPU", fromDrive, [2, 1], [4, bounce], [0, 1]),
    route("GPU to drive", toDrive, [1, 1], [4, bounce], [3, 1]),
    route("host memory to drive", toDrive, [4, 1], [3, 1]),
    route("drive to host memory", fromDrive, [2, 1], [4, 1]),
    route("remote to GPU", far, [5, 1], [4, 2], [0, 1]),
    route("GPU to remote", far, [1, 1], [4, 2], [5, 1]),
    route("host to remote", far, [4, 1], [5, 1]),
    route("remote to host", far, [5, 1], [4, 1]),
  ];
  return () => createLinkNetwork(specs, routes);
}
