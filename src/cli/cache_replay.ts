import { dataError, usageError } from "../model/errors.ts";
import type { Eviction } from "../model/eviction.ts";
import type { PolicyResult, RankEntry, ReplayDocument } from "../model/results.ts";
import type { RequestColumns } from "../model/trace/requests.ts";
import type { Trace } from "../model/trace/trace.ts";
import { formatNumber, formatRatio } from "../model/units.ts";
import { EVICTIONS } from "../registry/evictions.ts";
import { cacheMetrics, curveCapacities, curveSeries } from "../replay/cache/cache_metrics.ts";
import { createCacheReplay, type TouchOrder } from "../replay/cache/cache_replay.ts";
import { createLruCurve, type LruCurve } from "../replay/cache/lru_curve.ts";
import { createSampledCurve, type SampledCurve } from "../replay/cache/sampled_curve.ts";
import { VERSION } from "../runtime/version.ts";
import { closest } from "./did_you_mean.ts";
import { hitRatioFigure } from "./offload/cache_figure.ts";
import { rankResults } from "./replay_run.ts";

/** What `replay cache` was asked for. */
export interface CacheQuestion {
  readonly evictions: readonly string[];
  readonly capacities: readonly number[];
  readonly touch: TouchOrder;
  readonly curve: boolean;
  /** Share of the blocks that the curve follows; null: all of them. */
  readonly sample: number | null;
  readonly seed: number;
}

/** Most points of a curve; every capacity is listed when there are no more than this. */
const CURVE_POINTS = 1 << 16;

/** Loads evictions by name. @throws usage error with the nearest name. */
export async function loadEvictionsByName(names: readonly string[]): Promise<Eviction[]> {
  const loaded: Eviction[] = [];
  for (const name of names) {
    const entry = EVICTIONS.find((e) => e.name === name);
    if (entry === undefined) {
      const known = EVICTIONS.map((e) => e.name);
      const near = closest(name, known);
      throw usageError(
        `--eviction: there is no eviction "${name}"` +
          (near === undefined ? "" : `; did you mean "${near}"?`),
        `known: ${known.join(", ")}`,
      );
    }
    loaded.push(await entry.load());
  }
  return loaded;
}

/** Refuses combinations that are not defined. @throws usage error. */
export function checkTouch(evictions: readonly Eviction[], touch: TouchOrder): void {
  if (touch === "head") return;
  const bad = evictions.find((eviction) => !eviction.deferrable);
  if (bad !== undefined) {
    throw usageError(
      `--touch tail evicts after the request, which ${bad.name} does not define`,
      "use --touch head with it, or choose lru, fifo, lfu or infinite",
    );
  }
}

/** Replays the trace on every cache in one pass and makes the document of `replay cache --json`. */
export async function replayCaches(
  trace: Trace & { readonly id?: string | null },
  evictions: readonly Eviction[],
  question: CacheQuestion,
): Promise<ReplayDocument> {
  const { blockTokens, uniqueBlocks } = trace.meta as Trace<"requests">["meta"];
  if (blockTokens === null || uniqueBlocks === null) {
    throw dataError(
      `${trace.name} (${trace.format}) has no block ids, so no cache can be replayed on it`,
      "use a trace with block hashes, such as Mooncake JSONL or WEKA sessions",
    );
  }
  const { touch, seed } = question;
  const specs = evictions.flatMap((eviction) => {
    // Without a bound every policy is the same cache, and `infinite` has no bound to sweep.
    const capacities = eviction.name === "infinite" ? [Infinity] : question.capacities;
    return capacities.map((capacityBlocks) => ({ eviction, capacityBlocks, touch, seed }));
  });
  const replays = specs.map((spec) => createCacheReplay(spec, uniqueBlocks, blockTokens));
  const wantsCurve = question.curve && evictions.some((eviction) => eviction.name === "lru");
  const exact = wantsCurve && question.sample === null ? createLruCurve(uniqueBlocks, touch) : null;
  const sampled = wantsCurve && question.sample !== null
    ? createSampledCurve(uniqueBlocks, question.sample, seed)
    : null;
  for await (const batch of trace.batches()) {
    for (const replay of replays) replay.feed(batch as RequestColumns);
    exact?.feed(batch as RequestColumns);
    sampled?.feed(batch as RequestColumns);
  }
  const curves: Curves = {
    exact: exact?.finish() ?? null,
    sampled: sampled?.finish() ?? null,
    uniqueBlocks,
    capacities: question.capacities,
  };
  const results = specs.map((spec, i): PolicyResult => {
    const { eviction, capacityBlocks } = spec;
    const firstOfItsKind = specs.findIndex((s) => s.eviction === eviction) === i;
    return {
      policy: eviction.name,
      family: "cache",
      params: {
        capacity: capacityBlocks === Infinity ? "infinite" : capacityBlocks,
        touch,
        ...eviction.params,
        ...(eviction.name === "lecar" ? { seed } : {}),
      },
      metrics: cacheMetrics(replays[i].finish(), uniqueBlocks),
      usage: null,
      ...(firstOfItsKind && question.curve ? curveOf(eviction, curves) : {}),
      legend: { summary: eviction.summary, reference: eviction.reference, lossy: false },
    };
  });
  const order = rankResults(results, "prefix_hit_blocks", "higher");
  return {
    schema: "spillway/replay/1",
    tool: { name: "spillway", version: VERSION },
    family: "cache",
    trace: {
      id: trace.id ?? null,
      name: trace.name,
      kind: trace.kind,
      format: trace.format,
      sha256: trace.sha256,
      rows: trace.rows,
    },
    profiles: {},
    seed,
    results,
    figures: hitRatioFigure(results),
    ranking: {
      by: "prefix_hit_blocks",
      better: "higher",
      order,
      recommendation: recommendation(results, order),
    },
  };
}

interface Curves {
  readonly exact: LruCurve | null;
  readonly sampled: SampledCurve | null;
  readonly uniqueBlocks: number;
  readonly capacities: readonly number[];
}

/** The curve of an eviction, or why it has none. */
function curveOf(
  eviction: Eviction,
  { exact, sampled, uniqueBlocks, capacities }: Curves,
): Partial<PolicyResult> {
  if (eviction.name !== "lru") {
    return {
      notes: [
        "Only lru has a curve: its caches of all capacities lie inside each other, so that one pass counts " +
        "them all; list capacities with --capacity for the others.",
      ],
    };
  }
  if (exact !== null) {
    return {
      series: curveSeries(exact, curveCapacities(exact.saturationBlocks, CURVE_POINTS, capacities)),
      detail: { saturationBlocks: exact.saturationBlocks },
    };
  }
  const x = curveCapacities(uniqueBlocks, 200, capacities);
  const points = x.map((capacity) => sampled!.at(capacity));
  const line = (id: string, title: string, y: number[]) => ({
    id,
    title,
    xUnit: "blocks" as const,
    unit: "ratio",
    x,
    y,
  });
  return {
    series: [
      line("stream_hit_ratio", "stream hit ratio (sampled)", points.map((p) => p.hitRatio)),
      line("stream_hit_ratio_error", "its standard error", points.map((p) => p.standardError)),
    ],
    notes: [
      `The curve follows ${formatNumber(sampled!.sampledBlocks)} of ` +
      `${
        formatNumber(sampled!.totalBlocks)
      } references (SHARDS); prefix and resident hits are not ` +
      "defined on a sample.",
    ],
  };
}

/** One sentence: how far the best cache is from what any cache could reach. */
function recommendation(results: readonly PolicyResult[], order: readonly RankEntry[]): string {
  const known = order.filter((entry) =>
    results[entry.result].metrics.prefix_hit_blocks.value !== null
  );
  if (known.length === 0) return "Only bounds were asked for: belady has no prefix hits.";
  const best = results[known[0].result];
  const { prefix_hit_ratio: ratio, prefix_hit_blocks: hits } = best.metrics;
  const capacity = best.params.capacity === "infinite"
    ? "without bound"
    : `at ${formatNumber(Number(best.params.capacity))} blocks`;
  const bound = results.find((r) => r.params.capacity === "infinite" && r !== best);
  const most = bound?.metrics.prefix_hit_blocks.value;
  const share = typeof most === "number" && most > 0
    ? `, ${formatRatio(Number(hits.value) / most)} of what an endless cache reaches`
    : "";
  return ratio.value === null
    ? `${best.policy} ${capacity} has the most prefix hits (the trace has no blocks).`
    : `${best.policy} ${capacity} has the most prefix hits: ${
      formatRatio(Number(ratio.value))
    }${share}.`;
}
