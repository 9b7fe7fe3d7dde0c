import { usageError } from "../../model/errors.ts";
import {
  attentionFlopsPerPair,
  HIDDEN_BYTES_PER_ELEMENT,
  kvBytesPerToken,
} from "../../model/llm_math.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import type { Strategy } from "./build.ts";
import { type EngineParams, tieredSchema } from "./engine_params.ts";
import { hostBytesPerSecond, type Machine, type Side, sideOf } from "./machine.ts";

export interface NearStorageParams extends EngineParams {
  readonly internalBandwidth: number | null;
  readonly driveFlops: number;
  readonly hostBandwidth: number | null;
}

/** Bytes a decode step moves over the host link for one token and layer: q, k, v to the drive, o back. */
export function nearStorageStepBytes(llm: LlmProfile): number {
  const heads = llm.queryHeads * llm.headDim;
  return (2 * heads + 2 * llm.kvHeads * llm.headDim) * HIDDEN_BYTES_PER_ELEMENT;
}

/** Decode attention in the drives: the KV of running sequences never comes to the GPU. */
export function nearStorageStrategy(
  llm: LlmProfile,
  machine: Machine,
  hardware: HardwareProfile,
  side: Side,
  params: NearStorageParams,
): Strategy {
  const drives = hardware.ssds.reduce((sum, s) => sum + s.count, 0);
  if (drives === 0) {
    throw usageError(
      `--policy near-storage: the hardware profile "${hardware.name}" has no drives`,
      "choose a profile with ssds",
    );
  }
  const share = 1 / params.instances;
  const external = share *
    hardware.ssds.reduce((sum, s) => sum + s.count * sideOf(s.readBytesPerSecond, side), 0);
  const internal = params.internalBandwidth === null
    ? external
    : share * drives * params.internalBandwidth;
  const flops = share * drives * params.driveFlops;
  const link = hostBytesPerSecond(
    hardware,
    { ...tieredSchema.parse({}), ...params },
    machine.gpus,
    side,
  );
  const kv = kvBytesPerToken(llm);
  const stepBytes = llm.layers * nearStorageStepBytes(llm);
  const perPair = llm.layers * attentionFlopsPerPair(llm);
  const capacity = share * 0.9 *
    hardware.ssds.reduce((sum, s) => sum + s.count * s.capacityBytes, 0);
  const needed = perPair / kv;
  return {
    reuse: true,
    storedBytesPerToken: null,
    restores: [],
    decodeBeside: (sequences) => [
      { at: sequences * stepBytes / link, slope: 0 },
      { at: 0, slope: kv / internal },
      { at: 0, slope: perPair / flops },
    ],
    context: { tier: "ssd", bytes: capacity, readSecondsPerToken: kv / Math.min(link, external) },
    notes: [
      `Attention in the drives needs ${
        needed.toFixed(1)
      } FLOP for each byte of KV it reads; with ` +
      `${(params.driveFlops / 1e12).toFixed(1)} TFLOPS a drive (assumed) the drives are bound by ` +
      `${perPair / flops > kv / internal ? "computing" : "reading"}.`,
    ],
  };
}
