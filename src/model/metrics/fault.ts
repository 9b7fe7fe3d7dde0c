import type { MetricDefinition, MetricUnit } from "../metric.ts";

function define(
  id: string,
  unit: MetricUnit,
  title: string,
  better: MetricDefinition["better"],
  formula: string,
): MetricDefinition {
  const source = "this tool";
  return { id, unit, family: "fault", title, better, nature: "exact", formula, source };
}

/** Metrics of `replay fault`: every wall second belongs to exactly one phase. */
export const FAULT_METRICS: readonly MetricDefinition[] = [
  define("wall_seconds", "seconds", "wall time", "lower", "end of the run, every phase included"),
  define(
    "useful_seconds",
    "seconds",
    "useful training",
    "none",
    "training whose result reached the end of the run; each iteration counts once",
  ),
  define(
    "lost_seconds",
    "seconds",
    "lost training",
    "lower",
    "sum over failures of failure time minus time of the state that was restored; the redo is useful",
  ),
  define(
    "checkpoint_seconds",
    "seconds",
    "blocked by checkpoints",
    "lower",
    "checkpoints that became durable x blocking time",
  ),
  define(
    "restart_seconds",
    "seconds",
    "restarting",
    "lower",
    "detection, diagnosis, waiting for a node, restart and load",
  ),
  define(
    "goodput_ratio",
    "ratio",
    "goodput",
    "higher",
    "(useful_seconds - capacity loss) / wall_seconds",
  ),
  define("failure_count", "count", "failures", "none", "failures that hit the job"),
  define(
    "checkpoint_interval_seconds",
    "seconds",
    "checkpoint interval",
    "none",
    "useful seconds between two checkpoints (fixed, or F1 to F3 from the failure rate)",
  ),
  define(
    "checkpoint_written_bytes",
    "bytes",
    "checkpoint bytes written",
    "lower",
    "checkpoints x checkpoint size",
  ),
];
