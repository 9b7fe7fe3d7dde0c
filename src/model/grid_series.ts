/** Which question a grid figure answers. `average` for inventories, `marginal` for shifts. */
export type GridSignal = "average" | "marginal";

/** Never mix: `lifecycle` counts building and fuel chains, `direct` only what the stack emits. */
export type GridScope = "lifecycle" | "direct" | "unknown";

/**
 * Grid intensity over time. Slot `i` is valid in `[startSeconds[i], endSeconds[i])`, seconds of Unix
 * time; slots ascend and do not overlap, and need not be of one length.
 */
export interface GridSeries {
  readonly zone: string;
  readonly format: string;
  readonly signal: GridSignal;
  readonly scope: GridScope;
  readonly startSeconds: Float64Array;
  readonly endSeconds: Float64Array;
  readonly gramsPerKwh: Float64Array;
  /** What was recognised, assumed or left out, one sentence each. */
  readonly notes: readonly string[];
}
