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
    "CKPT_BLOCK: training stopped for a save, waits for the save before included; rolled-back blocks are lost",
  ),
  define("detect_seconds", "seconds", "detecting failures", "lower", "DETECT"),
  define("diagnose_seconds", "seconds", "diagnosing failures", "lower", "DIAGNOSE"),
  define("wait_node_seconds", "seconds", "waiting for nodes", "lower", "WAIT_NODE: requeue"),
  define("restart_seconds", "seconds", "restarting", "lower", "RESTART: processes up again"),
  define("load_seconds", "seconds", "loading checkpoints", "lower", "LOAD"),
  define("reconfig_seconds", "seconds", "reconfiguring", "lower", "RECONFIG of elastic policies"),
  define(
    "stall_seconds",
    "seconds",
    "stalled",
    "lower",
    "STALL: fewer nodes up than the job needs",
  ),
  define("planned_seconds", "seconds", "planned stops", "lower", "PLANNED maintenance"),
  define(
    "capacity_loss_seconds",
    "seconds",
    "capacity loss",
    "lower",
    "sum over useful seconds of 1 - training rate: degraded training",
  ),
  define(
    "goodput_ratio",
    "ratio",
    "goodput",
    "higher",
    "(useful_seconds - capacity_loss_seconds) / wall_seconds; ETTR",
  ),
  define("failure_count", "count", "failures", "none", "failures that hit the job"),
  define(
    "checkpoint_count",
    "count",
    "checkpoints",
    "none",
    "saves to storage, redone ones included",
  ),
  define(
    "lost_iterations",
    "count",
    "lost iterations",
    "lower",
    "useful seconds rolled back / iteration time",
  ),
  define(
    "gpus_idled_per_failure",
    "count",
    "GPUs idled per failure",
    "lower",
    "how far a fault spreads: GPUs that stop because of one failure, mean",
  ),
  define(
    "wasted_gpu_seconds",
    "seconds",
    "wasted GPU time",
    "lower",
    "gpus x (wall - useful at full rate) + spare GPUs x wall",
  ),
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
    "saves x checkpoint size x copies, SSD and remote tiers (F18)",
  ),
  define("checkpoint_read_bytes", "bytes", "checkpoint bytes read", "lower", "reads of recoveries"),
  define("dram_held_bytes", "bytes", "DRAM held", "lower", "snapshots and copies kept in memory"),
  define(
    "ft_bytes_per_useful_step",
    "bytes",
    "fault-tolerance bytes per useful step",
    "lower",
    "bytes of all tiers and directions moved for fault tolerance / useful iterations",
  ),
];
