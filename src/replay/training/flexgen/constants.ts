import type { HardwareProfile } from "../../../model/profiles/hardware.ts";

/** Rates of FlexGen's cost model, bytes a second and FLOPS; `g` is decoding, `p` prefill. */
export interface FlexGenRates {
  readonly hostToGpu: number;
  readonly gpuToHostCache: number;
  readonly gpuToHostHidden: number;
  readonly diskToHost: number;
  readonly hostToDiskCachePrefill: number;
  readonly hostToDiskHiddenPrefill: number;
  readonly hostToDiskDecode: number;
  readonly matrixPrefill: number;
  readonly matrixDecode: number;
  readonly attentionPrefill: number;
  readonly attentionDecode: number;
  readonly cpu: number;
}

/** Memory that a policy may use, bytes. */
export interface FlexGenMemory {
  readonly gpu: number;
  readonly host: number;
  readonly disk: number;
}

const GIB = 2 ** 30;

/**
 * Rates that the authors fitted to a Google Cloud T4 (defaults of `CostModelConfig` in FlexLLMGen's
 * experiments/cost_model.py, Apache-2.0). Their disk constant does not describe a current drive.
 */
export const T4_RATES: FlexGenRates = {
  hostToGpu: 12.89 * GIB,
  gpuToHostCache: 0.97 * GIB,
  gpuToHostHidden: 4.82 * GIB,
  diskToHost: 0.473 * GIB,
  hostToDiskCachePrefill: 0.746 * GIB,
  hostToDiskHiddenPrefill: 2.015 * GIB,
  hostToDiskDecode: 2.015 * GIB,
  matrixPrefill: 21.24e12,
  matrixDecode: 4.3e12,
  attentionPrefill: 9.97e12,
  attentionDecode: 0.079e12,
  cpu: 0.0123e12,
};

/** Memory of the same defaults. */
export const T4_MEMORY: FlexGenMemory = { gpu: 15 * GIB, host: 204 * GIB, disk: 1500 * GIB };

/** The T4 to which the rates were fitted: peak fp16 FLOPS, memory bandwidth. */
const T4 = { flops: 65.13e12, memoryBytesPerSecond: 320e9 };

/**
 * Rates of another machine: links and drives from its profile, computing scaled from the fitted T4 by peak FLOPS
 * (matrices) and memory bandwidth (decoding and its attention); the CPU's attention stays that of the T4's host.
 */
export function scaledRates(hardware: HardwareProfile): FlexGenRates {
  const gpu = hardware.gpu!;
  const up = hardware.links.hostToDevice?.value ?? T4_RATES.hostToGpu;
  const down = hardware.links.deviceToHost?.value ?? up;
  const flops = gpu.bf16Flops.value / T4.flops;
  const bandwidth = gpu.memoryBytesPerSecond.value / T4.memoryBytesPerSecond;
  const drives = (pick: (s: HardwareProfile["ssds"][number]) => number) =>
    hardware.ssds.reduce((sum, s) => sum + s.count * pick(s), 0) || 1;
  const write = drives((s) => s.writeBytesPerSecond.value);
  return {
    hostToGpu: up,
    gpuToHostCache: down,
    gpuToHostHidden: down,
    diskToHost: drives((s) => s.readBytesPerSecond.value),
    hostToDiskCachePrefill: write,
    hostToDiskHiddenPrefill: write,
    hostToDiskDecode: write,
    matrixPrefill: T4_RATES.matrixPrefill * flops,
    matrixDecode: T4_RATES.matrixDecode * bandwidth,
    attentionPrefill: T4_RATES.attentionPrefill * flops,
    attentionDecode: T4_RATES.attentionDecode * bandwidth,
    cpu: T4_RATES.cpu,
  };
}

export function memoryOf(hardware: HardwareProfile): FlexGenMemory {
  return {
    gpu: hardware.gpu!.memoryBytes,
    host: hardware.dram?.capacityBytes ?? 0,
    disk: hardware.ssds.reduce((sum, s) => sum + s.count * s.capacityBytes, 0),
  };
}
