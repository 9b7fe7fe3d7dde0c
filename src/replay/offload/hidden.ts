import {
  attentionFlopsPerPair,
  attentionPairs,
  hiddenBytesPerTokenLayer,
  hiddenOverKv,
  kvBytesPerTokenLayer,
  linearFlopsPerTokenLayer,
  projectionFlopsPerTokenLayer,
  recomputeOverProjection,
} from "../../model/llm_math.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { LlmProfile } from "../../model/profiles/llm.ts";
import { layerTimes } from "./break_even.ts";
import type { Strategy, TokenRestore } from "./build.ts";
import type { TieredParams } from "./engine_params.ts";
import { bestSplit, paperComplement, type Split, splitBytesPerToken } from "./hcache_split.ts";
import { hostBytesPerSecond, type Machine, type Side } from "./machine.ts";

/** Prompt length at which the split is scanned, as in the paper's examples. */
const SPLIT_TOKENS = 1024;
/** Hidden states are saved in chunks of so many tokens of one layer, spread over the drives in turn. */
const CHUNK_TOKENS = 64;

/** The restore of a split: projecting the hidden layers and computing the recomputed ones. */
export function splitRestore(llm: LlmProfile, split: Split): TokenRestore {
  const recomputed = split.complement === "recompute" ? split.otherLayers : 0;
  const flopsPerToken = split.hiddenLayers * projectionFlopsPerTokenLayer(llm) +
    recomputed * linearFlopsPerTokenLayer(llm);
  const pairShare = recomputed / llm.layers * attentionFlopsPerPair(llm);
  return {
    name: "hidden",
    loadedBytesPerToken: splitBytesPerToken(
      split,
      hiddenBytesPerTokenLayer(llm),
      kvBytesPerTokenLayer(llm),
    ),
    restoreFlops: (from, to) =>
      (to - from) * flopsPerToken + pairShare * attentionPairs(llm, from, to),
  };
}

/** HCache's split of a model on a machine's host link: the paper's complement, every L_H scanned. */
export function splitOn(
  llm: LlmProfile,
  machine: Machine,
  hardware: HardwareProfile,
  side: Side,
  params: TieredParams,
): Split {
  const bytesPerSecond = hostBytesPerSecond(hardware, params, machine.gpus, side);
  const times = layerTimes(llm, SPLIT_TOKENS, { bytesPerSecond, flops: machine.flops });
  return bestSplit(times, llm.layers, false, [paperComplement(times)]);
}

/** What a reader must know of hidden states for this model: the shape rule, in numbers. */
export function hiddenNotes(llm: LlmProfile): string[] {
  const ratio = hiddenOverKv(llm);
  const flops = recomputeOverProjection(llm);
  if (llm.attention === "MHA" && ratio === 0.5) {
    return [
      `For multi-head attention such as ${llm.name}'s, hidden states are half the bytes of the KV cache ` +
      `and about 1/${Math.round(flops)} of the compute of recomputing it.`,
    ];
  }
  if (ratio < 1) {
    return [`${llm.name}: hidden states are ${ratio.toFixed(2)}x the KV bytes, so they can pay.`];
  }
  return [
    `${llm.name}: hidden states are ${
      ratio.toFixed(1)
    }x the KV bytes (D >= 2*n_kv*d_h), so restoring ` +
    "from them reads more than loading the KV cache.",
  ];
}

/** Hidden states in the tiers, split as HCache does. */
export function hiddenStrategy(
  llm: LlmProfile,
  machine: Machine,
  hardware: HardwareProfile,
  side: Side,
  params: TieredParams,
): Strategy {
  const split = splitOn(llm, machine, hardware, side, params);
  const restore = splitRestore(llm, split);
  const other = split.complement === "kv" ? "loaded as KV" : "recomputed";
  const notes = [
    ...hiddenNotes(llm),
    `Of ${llm.layers} layers ${split.hiddenLayers} are restored from hidden states and ` +
    `${split.otherLayers} ${other}; one rank reads each layer and gathers it to the others. They are ` +
    `saved to host memory first and moved on in chunks of ${CHUNK_TOKENS} tokens of a layer.`,
  ];
  return {
    reuse: true,
    // A split that recomputes every layer stores nothing but token ids.
    storedBytesPerToken: restore.loadedBytesPerToken > 0 ? restore.loadedBytesPerToken : null,
    restores: [restore],
    pieceBytes: CHUNK_TOKENS * hiddenBytesPerTokenLayer(llm),
    notes,
  };
}
