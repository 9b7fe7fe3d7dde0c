import type { RankEntry, ReplayDocument } from "./results.ts";

/**
 * The first of a ranking that keeps the model's answers: what changes them is no better by its rank. Where
 * all change them the first; undefined when nothing is ranked.
 */
export function bestOf(ranking: Pick<ReplayDocument["ranking"], "order">): RankEntry | undefined {
  return ranking.order.find((entry) => entry.lossy !== true) ?? ranking.order[0];
}
