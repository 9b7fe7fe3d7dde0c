import type { Metrics } from "../../model/metric.ts";

/** What a front weighs against each other; `lower` is better unless said otherwise. */
export interface Objective {
  readonly metric: string;
  readonly better: "lower" | "higher";
}

function valueOf(metrics: Metrics, objective: Objective): number {
  const value = metrics[objective.metric]?.value;
  if (value === null || value === undefined) return Infinity;
  return objective.better === "lower" ? Number(value) : -Number(value);
}

/**
 * Indices of the points that no other point beats: none is at least as good everywhere and better
 * somewhere. Unknown values count as worst; of equal points the first stays. In the order given.
 */
export function paretoFront(
  points: readonly Metrics[],
  objectives: readonly Objective[],
): number[] {
  const values = points.map((p) => objectives.map((o) => valueOf(p, o)));
  const order = values.map((_, i) => i)
    .sort((a, b) => {
      for (let k = 0; k < objectives.length; k++) {
        if (values[a][k] !== values[b][k]) return values[a][k] < values[b][k] ? -1 : 1;
      }
      return a - b;
    });
  const front: number[] = [];
  // In lexicographic order a point can only be beaten by one before it.
  for (const i of order) {
    const beaten = front.some((j) => values[j].every((v, k) => v <= values[i][k]));
    if (!beaten) front.push(i);
  }
  return front.sort((a, b) => a - b);
}
