import type { Figure } from "./figure.ts";
import type { Json } from "./json.ts";
import type { Metrics } from "./metric.ts";
import type { CoefficientUse, ToolStamp } from "./results.ts";

/**
 * An answer to keep and to show: what `advise`, `advise capacity` and `estimate lifecycle` found, with what
 * a page needs to show it. The whole answer as `--json` printed it stands in `answer`.
 */
export interface AdviceDocument {
  readonly schema: "spillway/advice/1";
  readonly tool: ToolStamp;
  /** The command line that made it. */
  readonly command?: readonly string[];
  /** One line for lists. */
  readonly summary: string;
  readonly title: string;
  /** What to do, why, and how firm that is. */
  readonly verdicts: readonly string[];
  /** Points of a front, designs, stages: a row each. */
  readonly subjects: readonly {
    readonly name: string;
    readonly metrics: Metrics;
    /** The command that gives these numbers again; null where none does. */
    readonly command: string | null;
  }[];
  readonly figures: readonly Figure[];
  readonly coefficients: readonly CoefficientUse[];
  readonly warnings: readonly string[];
  readonly answer: Json;
}
