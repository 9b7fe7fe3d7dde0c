import type { Metrics } from "../model/metric.ts";
import { type Html, markup } from "./html.ts";
import { metricLabel } from "./labels.ts";

/** Why values of a table are unknown, a line a reason; null when all are known. */
export function whyUnknown(ids: readonly string[], results: readonly Metrics[]): Html | null {
  const reasons = new Map<string, Set<string>>();
  for (const id of ids) {
    for (const metrics of results) {
      const metric = metrics[id];
      if (metric === undefined || metric.value !== null) continue;
      const reason = metric.reason ?? "no reason was kept";
      reasons.set(reason, (reasons.get(reason) ?? new Set()).add(metricLabel(id)));
    }
  }
  if (reasons.size === 0) return null;
  return markup`<ul class="unknown">${
    [...reasons].map(([reason, labels]) =>
      markup`<li>${[...labels].join(", ")} unknown: ${reason}</li>`
    )
  }</ul>`;
}
