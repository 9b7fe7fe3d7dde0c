import type { PolicyResult } from "./results.ts";

/** What tells results of one policy apart: the parameters whose values differ between them. */
export function resultLabels(results: readonly PolicyResult[]): string[] {
  return results.map((result) => {
    const twins = results.filter((r) => r.policy === result.policy);
    const keys = Object.keys(result.params).filter((key) =>
      new Set(twins.map((t) => JSON.stringify(t.params[key]))).size > 1
    );
    const shown = keys.map((key) => {
      const value = result.swept?.[key] ?? result.params[key];
      return `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`;
    });
    return [result.policy, ...shown].join(" ") + (result.legend.lossy ? " (lossy)" : "");
  });
}
