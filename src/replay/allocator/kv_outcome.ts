import { metric, type Metrics, unknownMetric } from "../../model/metric.ts";
import type { ReplayOutcome } from "../../model/policy.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { KvMeter } from "./kv_meter.ts";
import { kvBytesPerToken } from "./kv_pool.ts";
import type { RequestList } from "./kv_requests.ts";

/** What a KV replay counted besides the meter. */
export interface KvCounts {
  readonly poolSlots: number;
  readonly preemptions: number;
  readonly recomputedTokens: number;
  readonly prefixHitTokens: number | null;
  /** Tokens that the prefix cache was asked for; null without one. */
  readonly prefixQueryTokens?: number | null;
  readonly evictedBlocks?: number | null;
  readonly pageMaps?: number;
  readonly pageMapsAhead?: number;
  readonly pageUnmaps?: number;
  readonly seconds: number;
  /** Iterations, also those after which nothing runs any more. */
  readonly steps: number;
  readonly notes: readonly string[];
}

/** The outcome of a KV replay: counts are exact; bytes need the model's shape. */
export function kvOutcome(
  meter: KvMeter,
  counts: KvCounts,
  requests: RequestList,
  profiles: Profiles,
): ReplayOutcome {
  const perToken = kvBytesPerToken(profiles);
  const bytes = (slots: number) =>
    perToken === null
      ? unknownMetric("bytes", "replayed", "bytes a token are not known: give --llm")
      : metric(slots * perToken, "bytes", "replayed");
  const count = (value: number) => metric(value, "count", "replayed");
  const waste = meter.wasteRatio;
  const shares = meter.shares(counts.poolSlots);
  const share = (of: (s: NonNullable<typeof shares>) => number) =>
    shares === null
      ? unknownMetric("ratio", "replayed", "no request ever ran")
      : metric(of(shares), "ratio", "replayed");
  const queried = counts.prefixQueryTokens ?? null;
  const metrics: Metrics = {
    waste_ratio: waste === null
      ? unknownMetric("ratio", "replayed", "no request ever ran")
      : metric(waste, "ratio", "replayed"),
    kv_token_ratio: share((s) => s.token),
    kv_reserved_ratio: share((s) => s.reserved),
    kv_internal_ratio: share((s) => s.internal),
    kv_external_ratio: share((s) => 1 - s.token - s.reserved - s.internal),
    peak_batch_count: count(meter.peakBatch),
    mean_batch_count: meter.meanBatch === null
      ? unknownMetric("count", "replayed", "no request ever ran")
      : count(meter.meanBatch),
    peak_requested_bytes: bytes(meter.peakToken),
    peak_reserved_bytes: bytes(meter.peakHeld),
    preemption_count: count(counts.preemptions),
    recomputed_tokens: metric(counts.recomputedTokens, "tokens", "replayed"),
    rejected_count: count(requests.rejected),
    kv_steps_count: count(counts.steps),
    ...(counts.prefixHitTokens === null
      ? {}
      : { prefix_hit_tokens: metric(counts.prefixHitTokens, "tokens", "replayed") }),
    ...(queried === null || counts.prefixHitTokens === null ? {} : {
      prefix_query_tokens: metric(queried, "tokens", "replayed"),
      prefix_token_hit_ratio: queried === 0
        ? unknownMetric("ratio", "replayed", "no request was admitted")
        : metric(counts.prefixHitTokens / queried, "ratio", "replayed"),
    }),
    ...(counts.evictedBlocks == null
      ? {}
      : { kv_evicted_blocks: metric(counts.evictedBlocks, "blocks", "replayed") }),
    ...(counts.pageMaps === undefined ? {} : { page_map_count: count(counts.pageMaps) }),
    ...(counts.pageMapsAhead === undefined
      ? {}
      : { page_map_ahead_count: count(counts.pageMapsAhead) }),
    ...(counts.pageUnmaps === undefined ? {} : { page_unmap_count: count(counts.pageUnmaps) }),
  };
  const served = requests.servedTokens;
  return {
    metrics,
    usage: {
      wallSeconds: counts.seconds,
      functionalUnits: {
        requests: requests.count - requests.rejected,
        inputTokens: served.input,
        outputTokens: served.output,
      },
      devices: [{
        kind: "gpu",
        ...(profiles.hardware?.gpu == null ? {} : { key: profiles.hardware.gpu.key }),
        count: 1,
        reservedSeconds: counts.seconds,
        busySeconds: null,
      }],
      flows: [],
      held: [],
      evidence: "assumed",
    },
    series: meter.series(),
    notes: counts.notes,
  };
}
