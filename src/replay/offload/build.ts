import { usageError } from "../../model/errors.ts";
import type { Eviction, RequestOrder } from "../../model/eviction.ts";
import { restoredShare } from "../../model/llm_math.ts";
import type { ReplayContext } from "../../model/policy.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import type { TierName } from "../../model/usage.ts";
import { eviction as lookAhead } from "../shared/evictions/look_ahead.ts";
import { eviction as lru } from "../shared/evictions/lru.ts";
import type { EngineConfig } from "./config.ts";
import { type EngineParams, type TieredParams, tieredSchema } from "./engine_params.ts";
import type { Line } from "./lines.ts";
import {
  gpuBlocksOf,
  kvLinkBytesPerToken,
  type Machine,
  machineOf,
  neededProfiles,
  type Side,
} from "./machine.ts";
import type { TierSpec } from "./tier_types.ts";
import { createTiming } from "./timing.ts";
import { networkOf, ROUTE } from "./topology.ts";

/** Where a policy differs from plain KV offload; the engine asks nothing else of it. */
export interface Strategy {
  /** Blocks stay in GPU memory after their request. */
  readonly reuse: boolean;
  /** Bytes a token takes in the tiers; null: nothing is kept below the GPU. */
  readonly storedBytesPerToken: number | null;
  /** Ways to restore a stored token; none when nothing is kept below the GPU. */
  readonly restores: readonly TokenRestore[];
  /** Overrides `--set load` when the policy itself decides. */
  readonly load?: "always" | "cheapest";
  /** What decoding waits for beside the GPU, as maxima of lines in the total context (near-storage). */
  readonly decodeBeside?: (sequences: number) => readonly Line[];
  /** The running sequences' KV lies in this tier instead of GPU memory, with room for so many bytes. */
  readonly context?: {
    readonly tier: TierName;
    readonly bytes: number;
    /** Seconds to bring one context token to the GPU when a prompt attends to it. */
    readonly readSecondsPerToken: number;
  };
  /** Bytes of KV in GPU memory over the plain ones (compressed in place). */
  readonly gpuBytesRatio?: number;
  /** Contiguous bytes of what is stored, where blocks do not lie in one piece. */
  readonly pieceBytes?: number;
  readonly notes?: readonly string[];
}

/** One way to restore stored tokens. */
export interface TokenRestore {
  readonly name: string;
  /** Bytes of a token over all layers; layers with a sliding window need their window only. */
  readonly loadedBytesPerToken: number;
  restoreFlops(from: number, to: number): number;
}

export type StrategyOf = (
  llm: LlmProfile,
  machine: Machine,
  hardware: HardwareProfile,
  side: Side,
) => Strategy;

/** A restore that is nothing but a copy. */
export function copyRestore(name: string, loadedBytesPerToken: number): TokenRestore {
  return { name, loadedBytesPerToken, restoreFlops: () => 0 };
}

/** Facts of the engine that results repeat. */
export interface BuiltEngine {
  readonly config: EngineConfig;
  readonly strategy: Strategy;
  readonly machine: Machine;
  readonly blockTokens: number;
  readonly storedBytesPerBlock: number;
}

/** The engine of a policy at one end of the profile's intervals. @throws usage errors. */
export function buildEngine(
  context: ReplayContext<"requests">,
  params: EngineParams & Partial<TieredParams>,
  strategyOf: StrategyOf,
  side: Side,
  mostDecodedBlocks: number,
  requests?: RequestOrder,
): BuiltEngine {
  const { hardware, llm } = neededProfiles(context.profiles);
  const machine = machineOf(hardware, params, side);
  const strategy = strategyOf(llm, machine, hardware, side);
  const tiered: TieredParams = { ...tieredSchema.parse({}), ...params };
  const blockTokens = blockTokensOf(context, params);
  const { gpus, tensorParallel, stages } = machine;
  const gpuBlocks = strategy.context === undefined
    ? gpuBlocksOf(hardware, llm, params, machine, blockTokens, strategy.gpuBytesRatio ?? 1)
    : Math.floor(strategy.context.bytes / (kvLinkBytesPerToken(llm, machine) * blockTokens));
  const stored = strategy.storedBytesPerToken;
  const hasBlocks = context.meta.uniqueBlocks !== null;
  const reuse = strategy.reuse && hasBlocks;
  const storedBytesPerBlock = (stored ?? 0) * blockTokens;
  const tiers = stored === null || !reuse ? [] : tiersOf(hardware, tiered, storedBytesPerBlock);
  const exclusive = tiered.tiers === "exclusive";
  const pieceBytes = tiered.pieceBytes ?? strategy.pieceBytes ?? storedBytesPerBlock;
  const pieces = Math.max(1, Math.ceil(storedBytesPerBlock / Math.max(1, pieceBytes)));
  const capacity = tiers.reduce((sum, tier) => sum + tier.capacityBlocks, gpuBlocks);
  const config: EngineConfig = {
    llm,
    blockTokens,
    gpuBlocks,
    maxSequences: params.maxSequences,
    maxBatchTokens: Math.max(params.maxBatchTokens, params.maxSequences + 1),
    causal: params.attention === "causal",
    timing: createTiming({
      llm,
      tensorParallel,
      stages,
      flops: machine.flops,
      memoryBytesPerSecond: machine.memoryBytesPerSecond,
      gpuBytesPerSecond: machine.gpuBytesPerSecond,
      overheadSeconds: params.iterationOverheadSeconds,
      maxSequences: params.maxSequences,
      decodeBeside: strategy.decodeBeside,
      contextReadSecondsPerToken: strategy.context?.readSecondsPerToken,
      contextBytesRatio: strategy.gpuBytesRatio,
    }),
    reuse,
    saveOnCompute: tiers.length > 0 && tiered.write === "through" && !exclusive,
    layerwise: tiered.overlap === "layerwise",
    prefetch: tiered.prefetch && tiers.length > 1,
    lookAhead: tiered.lookAhead ?? Infinity,
    load: strategy.load ?? tiered.load,
    restores: strategy.restores.map((restore) => ({
      name: restore.name,
      loadedBytes: (from, to) =>
        (to - from) * restore.loadedBytesPerToken * restoredShare(llm, from, to),
      whole: restore.loadedBytesPerToken === stored,
      restoreFlops: restore.restoreFlops,
    })),
    uniqueBlocks: reuse ? context.meta.uniqueBlocks! : 0,
    decodedIds: reuse ? Math.max(1, Math.min(capacity, mostDecodedBlocks)) : 1,
    tiers,
    tierRules: {
      write: exclusive ? "back" : tiered.write,
      ssdWrite: tiered.ssdWrite,
      admission: tiered.admission,
      exclusive,
      storedBytesPerBlock,
      descriptorsPerBlock: pieces,
      requests,
      traffic: side === "mid" ? context.traffic : undefined,
    },
    eviction: evictionOf(context, tiered.eviction),
    seed: context.seed,
    createNetwork: tiers.length === 0
      ? networkOf(hardware, { ...tiered, hostBandwidth: tiered.hostBandwidth ?? 1 }, gpus, side)
      : networkOf(hardware, tiered, gpus, side),
  };
  return { config, strategy, machine, blockTokens, storedBytesPerBlock };
}

/** The trace's own block size: hashes cannot be refined, so a parameter only serves traces without blocks. */
function blockTokensOf(context: ReplayContext<"requests">, params: EngineParams): number {
  const own = context.meta.blockTokens;
  if (own !== null && params.blockTokens !== null && own !== params.blockTokens) {
    throw usageError(
      `--set blockTokens=${params.blockTokens}: the trace's blocks have ${own} tokens, and block ` +
        "hashes cannot be refined",
      "leave blockTokens out for a trace with blocks",
    );
  }
  return own ?? params.blockTokens ?? 16;
}

function evictionOf(context: ReplayContext<"requests">, name: string): Eviction {
  const known = context.evictions ?? [lru, lookAhead];
  const found = known.find((eviction) => eviction.name === name);
  if (found === undefined) {
    const usable = known.filter((eviction) => !eviction.unbounded).map((eviction) => eviction.name);
    throw usageError(`--set eviction=${name}: unknown`, `known: ${usable.join(", ")}`);
  }
  if (found.unbounded) {
    throw usageError(
      `--set eviction=${name}: it never evicts, and a tier has a size`,
      "give the tier more bytes instead, such as --set dram=100TB",
    );
  }
  return found;
}

function tiersOf(
  hardware: HardwareProfile,
  params: TieredParams,
  bytesPerBlock: number,
): TierSpec[] {
  const share = 1 / params.instances;
  const blocks = (bytes: number) => Math.floor(bytes * share / bytesPerBlock);
  const dram = blocks(params.dram ?? 0.5 * (hardware.dram?.capacityBytes ?? 0));
  const drives = hardware.ssds.reduce((sum, s) => sum + s.count * s.capacityBytes, 0);
  if (params.ssd !== null && params.ssd > 0 && drives === 0) {
    throw usageError(`--set ssd: the hardware profile "${hardware.name}" has no drives`);
  }
  if (params.remote > 0 && hardware.remote === null) {
    throw usageError(`--set remote: the hardware profile "${hardware.name}" has no remote storage`);
  }
  const ssd = blocks(params.ssd ?? 0.9 * drives);
  const remote = blocks(params.remote);
  const tiers: TierSpec[] = [];
  if (dram > 0) {
    tiers.push({
      name: "dram",
      capacityBlocks: dram,
      toGpu: ROUTE.dramToGpu,
      fromGpu: ROUTE.gpuToDram,
      fromAbove: -1,
      toAbove: -1,
    });
  }
  if (ssd > 0) {
    tiers.push({
      name: "ssd",
      capacityBlocks: ssd,
      toGpu: ROUTE.ssdToGpu,
      fromGpu: ROUTE.gpuToSsd,
      fromAbove: ROUTE.dramToSsd,
      toAbove: ROUTE.ssdToDram,
    });
  }
  if (remote > 0) {
    tiers.push({
      name: "remote",
      capacityBlocks: remote,
      toGpu: ROUTE.remoteToGpu,
      fromGpu: ROUTE.gpuToRemote,
      fromAbove: ROUTE.toRemote,
      toAbove: ROUTE.remoteToSsd,
    });
  }
  return tiers;
}
