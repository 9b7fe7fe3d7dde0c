import { usageError } from "../../model/errors.ts";
import { kvBytesPerTokenRank, weightBytes } from "../../model/llm_math.ts";
import { BUILTIN_HARDWARE } from "../../model/profiles/builtin/hardware.ts";
import type { HardwareProfile, Quantity } from "../../model/profiles/hardware.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import { formatDecimalBytes } from "../../model/units.ts";
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
  /** GPUs that share a layer, and stages that share the layers: their product is `gpus`. */
  readonly tensorParallel: number;
  readonly stages: number;
  readonly flops: number;
  readonly memoryBytesPerSecond: number;
  readonly gpuBytesPerSecond: number;
}

/** The GPUs of one instance. @throws usage error when they cannot be split into the stages. */
export function machineOf(hardware: HardwareProfile, params: EngineParams, side: Side): Machine {
  const gpu = hardware.gpu!;
  const gpus = params.gpus ?? gpu.count;
  if (gpus % params.pipeline !== 0) {
    throw usageError(
      `--set pipeline=${params.pipeline}: ${gpus} GPUs of an instance cannot be split into ` +
        `${params.pipeline} equal stages`,
      "choose gpus as a multiple of pipeline",
    );
  }
  const prefill = params.prefillEfficiency ?? sideOf(gpu.prefillEfficiency, side);
  const bandwidth = params.bandwidthEfficiency ?? sideOf(gpu.decodeBandwidthEfficiency, side);
  const between = hardware.links.gpuToGpu ?? hardware.links.hostToDevice;
  return {
    gpus,
    tensorParallel: gpus / params.pipeline,
    stages: params.pipeline,
    flops: gpus * gpu.bf16Flops.value * prefill,
    memoryBytesPerSecond: gpus * gpu.memoryBytesPerSecond.value * bandwidth,
    gpuBytesPerSecond: between === undefined ? Infinity : sideOf(between, side),
  };
}

/**
 * Bytes of plain KV that a token moves over the host link: every rank's shard. Stages hold different layers,
 * so only the ranks of a layer can replicate heads.
 */
export function kvLinkBytesPerToken(llm: LlmProfile, { tensorParallel }: Machine): number {
  return kvBytesPerTokenRank(llm, tensorParallel) * tensorParallel;
}

/**
 * KV blocks that fit beside the weights: `(utilization*memory - weights)*(1 - waste)`, over the bytes of a
 * block on all ranks; waste is what the allocator of the KV leaves unused. @throws usage error when the weights alone do not fit.
 */
export function gpuBlocksOf(
  hardware: HardwareProfile,
  llm: LlmProfile,
  params: EngineParams,
  machine: Machine,
  blockTokens: number,
  bytesRatio: number,
): number {
  if (params.gpuBlocks !== null) return params.gpuBlocks;
  const { gpus } = machine;
  const memory = params.memoryUtilization * hardware.gpu!.memoryBytes * gpus;
  const weights = weightBytes(llm);
  const blockBytes = kvLinkBytesPerToken(llm, machine) * blockTokens * bytesRatio;
  const blocks = Math.floor((memory - weights) * (1 - params.kvWaste) / blockBytes);
  if (blocks < 1) {
    throw usageError(
      `${llm.name} needs ${formatDecimalBytes(weights)} of weights, and ${gpus} x ` +
        `${hardware.gpu!.key} leave room for ${formatDecimalBytes(memory)}`,
      roomyMachine(weights / params.memoryUtilization),
    );
  }
  return blocks;
}

/** Weights may take this share of a machine that is proposed, so that some KV fits beside them. */
const MOST_WEIGHTS = 0.8;

/** What to do when weights that need so many bytes do not fit: the smallest built-in machine they fit on. */
function roomyMachine(bytes: number): string {
  const sizes = BUILTIN_HARDWARE.flatMap(({ name, gpu }) =>
    gpu === null || gpu.count * gpu.memoryBytes * MOST_WEIGHTS < bytes
      ? []
      : [{ name, bytes: gpu.count * gpu.memoryBytes }]
  ).sort((a, b) => a.bytes - b.bytes);
  return sizes.length === 0
    ? "no built-in machine is large enough: describe one in a JSON file for --hardware, or give --set gpuBlocks=N"
    : `choose a machine with more GPU memory, such as --hardware ${
      sizes[0].name
    }, or give --set gpuBlocks=N`;
}

/** Host link of an instance, host to GPU, all GPUs together. @throws usage error when nothing gives it. */
export function hostLinkBytesPerSecond(
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

/** What a load from host memory gets at most: the host link, or what the root complex carries for it. */
export function hostBytesPerSecond(
  hardware: HardwareProfile,
  params: TieredParams,
  gpus: number,
  side: Side,
): number {
  const own = hostLinkBytesPerSecond(hardware, params, gpus, side);
  const { rootComplex } = hardware.links;
  if (rootComplex === undefined) return own;
  return Math.min(own, sideOf(rootComplex, side) / (params.instances + params.decodeInstances));
}
