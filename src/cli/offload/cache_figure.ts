import type { Figure } from "../../model/figure.ts";
import type { PolicyResult } from "../../model/results.ts";

/** Points a line is drawn with, spread over the logarithm of the capacity. */
const POINTS = 200;

const COUNTS = [
  ["prefix_hit_blocks", "lru, prefix"],
  ["resident_hit_blocks", "lru, resident"],
  ["stream_hit_blocks", "lru, stream"],
] as const;

/** Indices of at most `POINTS` capacities, the last one included. */
function thinned(x: readonly number[]): number[] {
  const chosen: number[] = [];
  const step = Math.log(Math.max(2, x[x.length - 1])) / POINTS;
  let next = -Infinity;
  x.forEach((capacity, i) => {
    if (Math.log(capacity) < next && i < x.length - 1) return;
    chosen.push(i);
    next = Math.log(capacity) + step;
  });
  return chosen;
}

/**
 * The hit ratio over the capacity: LRU as lines from its curve, every other eviction at the capacities that
 * were asked for (its prefix hits, or the stream hits of belady).
 */
export function hitRatioFigure(results: readonly PolicyResult[]): Figure[] {
  const curve = results.find((r) => r.series?.some(({ id }) => id === "prefix_hit_blocks"));
  if (curve === undefined) return [];
  const total = Number(curve.metrics.total_blocks.value);
  if (total === 0) return [];
  const rows: { x: number; y: number | null; series: string }[] = [];
  for (const [id, series] of COUNTS) {
    const { x, y } = curve.series!.find((s) => s.id === id)!;
    for (const i of thinned(x)) rows.push({ x: x[i], y: Number(y[i]) / total, series });
  }
  for (const { policy, params, metrics } of results) {
    if (policy === "lru" || typeof params.capacity !== "number") continue;
    const [id, name] = metrics.prefix_hit_blocks.value === null
      ? ["stream_hit_blocks", `${policy}, stream`]
      : ["prefix_hit_blocks", `${policy}, prefix`];
    rows.push({ x: params.capacity, y: Number(metrics[id].value) / total, series: name });
  }
  return [{
    chart: "lines",
    title: "Hit ratio over the capacity",
    rows,
    options: { xTitle: "capacity, blocks", xScale: "log", yTitle: "hit ratio", yUnit: "ratio" },
  }];
}
