import type { Json } from "../../model/json.ts";
import {
  attentionPairs,
  hiddenOverKv,
  kvBytesPerToken,
  linearFlopsPerToken,
  projectionFlopsPerTokenLayer,
  restoredShare,
} from "../../model/llm_math.ts";
import type { ReplayContext } from "../../model/policy.ts";
import { breakEven } from "./break_even.ts";
import type { BuiltEngine } from "./build.ts";
import { type EngineParams, tieredSchema } from "./engine_params.ts";
import { IDLE_LOAD } from "./timing.ts";
import { hostBytesPerSecond, kvLinkBytesPerToken, sideOf } from "./machine.ts";

/** Prompt length at which the table's times are given. */
const TABLE_TOKENS = 1024;

/**
 * Shortest prefix whose load (latency, pieces, bytes over the rate) takes less than computing it adds. Null when no length up to a million tokens does.
 */
export function shortestPayingPrefix(
  loadSeconds: (tokens: number) => number,
  computeSeconds: (tokens: number) => number,
): number | null {
  const pays = (tokens: number) => loadSeconds(tokens) < computeSeconds(tokens);
  let high = 1;
  while (!pays(high)) {
    high *= 2;
    if (high > 2 ** 20) return null;
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (pays(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The thresholds of reference section 3 for this model on this machine, for `detail.breakEven`. */
export function breakEvenTable(
  { config, machine, blockTokens }: BuiltEngine,
  params: EngineParams,
  context: ReplayContext<"requests">,
): Json {
  const { llm, gpuBlocks } = config;
  const hardware = context.profiles.hardware!;
  const tiered = { ...tieredSchema.parse({}), ...params };
  if (tiered.hostBandwidth === null && hardware.links.hostToDevice === undefined) return null;
  const host = hostBytesPerSecond(hardware, tiered, machine.gpus, "mid");
  const drives = hardware.ssds.reduce(
    (sum, s) => sum + s.count * sideOf(s.readBytesPerSecond, "mid") / params.instances,
    0,
  );
  const { flops } = machine;
  const perToken = kvLinkBytesPerToken(llm, machine);
  const copies = perToken / kvBytesPerToken(llm);
  const rates = { bytesPerSecond: host, flops };
  const table = breakEven(llm, TABLE_TOKENS, rates, params.attention, copies);
  const base = sideOf(hardware.links.baseLatencySeconds, "mid");
  const seek = Math.max(0, ...hardware.ssds.map((s) => s.readLatencySeconds?.value ?? 0));
  // What an iteration takes longer when the prefix is computed too; short ones hide behind the weights.
  const iteration = (tokens: number, from: number) =>
    config.timing.iteration(
      {
        tokens,
        pairs: attentionPairs(llm, from, from + tokens, config.causal),
        extraFlops: 0,
        contextRead: from,
        windowRead: Math.min(from, llm.slidingWindow?.tokens ?? 0),
      },
      IDLE_LOAD,
    );
  const compute = (tokens: number) => iteration(tokens + 1, 0) - iteration(1, tokens);
  const pieces = (tokens: number) => Math.ceil(tokens / blockTokens) * tiered.descriptorSeconds;
  const load = (tokens: number, latency: number, rate: number) =>
    latency + pieces(tokens) + tokens * perToken * restoredShare(llm, 0, tokens) / rate;
  const slower = Math.min(host, drives);
  return {
    model: llm.name,
    attention: llm.attention,
    tokens: TABLE_TOKENS,
    hostBytesPerSecond: host,
    driveReadBytesPerSecond: drives,
    flops,
    kvBytesPerToken: table.kvBytesPerToken,
    kvCopies: copies,
    hiddenBytesPerToken: table.hiddenBytesPerToken,
    hiddenOverKv: hiddenOverKv(llm),
    recomputeFlopsPerToken: linearFlopsPerToken(llm),
    projectionFlopsPerToken: llm.layers * projectionFlopsPerTokenLayer(llm),
    recomputeOverProjectionFlops: table.recomputeOverProjectionFlops,
    hiddenIsSmaller: table.hiddenIsSmaller,
    kvBeatsRecomputeBytesPerSecond: table.kvBeatsRecompute,
    hiddenBeatsRecomputeBytesPerSecond: table.hiddenBeatsRecompute,
    hiddenBeatsKvBelowBytesPerSecond: table.hiddenBeatsKvBelow,
    split: {
      complement: table.split.complement,
      hiddenLayers: table.split.hiddenLayers,
      otherLayers: table.split.otherLayers,
      seconds: table.split.seconds,
    },
    kvSeconds: table.kvSeconds,
    hiddenSeconds: table.hiddenSeconds,
    recomputeSeconds: table.recomputeSeconds,
    shortestPrefixFromHostTokens: shortestPayingPrefix((n) => load(n, base, host), compute),
    shortestPrefixFromDriveTokens: drives === 0
      ? null
      : shortestPayingPrefix((n) => load(n, base + seek, slower), compute),
    gpuCacheTokens: gpuBlocks * blockTokens,
    blockTokens,
  };
}
