import { usageError } from "../../model/errors.ts";
import { hiddenOverKv, kvBytesPerToken, prefillFlops } from "../../model/llm_math.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import type { StoredPrefix } from "../../estimate/placement/kv_prefix.ts";

/** A prefix on a machine: bytes, times of computing and of reloading it from each medium. */
export interface PrefixCase {
  readonly tokens: number;
  readonly bytes: number;
  readonly recomputeSeconds: number;
  /** Bytes of hidden states over bytes of KV (HCache): below 1 hidden states are the smaller. */
  readonly hiddenOverKv: number;
  /** By medium; only those that the machine can reload from. */
  readonly reload: ReadonlyMap<string, StoredPrefix>;
}

/**
 * Times of a prefix of `tokens` on all GPUs of the machine: prefill FLOPs over the achieved rate, bytes
 * over the slower of host link and drives.
 *
 * @throws usage error when the profile lacks a GPU or a host link.
 */
export function prefixCase(
  llm: LlmProfile,
  hardware: HardwareProfile,
  tokens: number,
  writesPerMonth: number,
): PrefixCase {
  const { gpu, links } = hardware;
  if (gpu === null) {
    throw usageError(`--hardware: the profile "${hardware.name}" has no GPU to recompute on`);
  }
  if (links.hostToDevice === undefined) {
    throw usageError(`--hardware: the profile "${hardware.name}" has no links.hostToDevice`);
  }
  const bytes = tokens * kvBytesPerToken(llm);
  const flops = gpu.count * gpu.bf16Flops.value * gpu.prefillEfficiency.value;
  const recomputeSeconds = prefillFlops(llm, 0, tokens) / flops;
  const host = gpu.count * links.hostToDevice.value;
  const drives = hardware.ssds.reduce((sum, s) => sum + s.count * s.readBytesPerSecond.value, 0);
  const at = (bytesPerSecond: number): StoredPrefix => ({
    bytes,
    recomputeSeconds,
    reloadSeconds: links.baseLatencySeconds.value + bytes / bytesPerSecond,
    gpus: gpu.count,
    gpuKey: gpu.key,
    writesPerMonth,
  });
  return {
    tokens,
    bytes,
    recomputeSeconds,
    hiddenOverKv: hiddenOverKv(llm),
    reload: new Map([
      ["dram", at(host)],
      ...(drives > 0 ? [["ssd", at(Math.min(host, drives))] as const] : []),
    ]),
  };
}
