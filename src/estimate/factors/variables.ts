import type { Variable } from "../interval.ts";
import type { FactorSet } from "./coefficient.ts";

/** The coefficients that a formula reads as variables with their intervals, each once. */
export function factorVariables(ids: Iterable<string>, factors: FactorSet): Variable[] {
  return [...new Set(ids)].map((id) => {
    const c = factors.get(id)!;
    return { id, low: c.low, value: c.value, high: c.high };
  });
}
