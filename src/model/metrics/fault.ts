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
  define("spare_nodes", "count", "spare nodes", "lower", "idle nodes kept ready"),
  define(
    "checkpoint_every_iterations",
    "count",
    "iterations between checkpoints",
    "none",
    "CheckFreq, Algorithm 1: max(ceil((Tc + Ts - To)/Ti), ceil(To/(p Ti)))",
  ),
  define(
    "samples_per_second",
    "perSecond",
    "training throughput",
    "higher",
    "samples of the steps that count / (end of the last step - end of the first rendezvous)",
  ),
  define("completed_steps", "count", "steps", "none", "steps as the Oobleck artifact counts them"),
  define("average_instances", "count", "spot nodes", "none", "time average of the nodes held"),
  define("spot_usd_per_hour", "usd", "spot price", "lower", "average nodes x price of a node-hour"),
  ...([
    ["peer_dram_written_bytes", "peers' memory, written", "saves x size x (copies - 1)"],
    ["peer_dram_read_bytes", "peers' memory, read", "recoveries of lost shards from peers"],
    ["hbm_written_bytes", "GPU memory, written", "layers copied from peers on reconfiguration"],
  ] as const).map(([id, title, formula]) => define(id, "bytes", title, "lower", formula)),
  define("jobs_count", "count", "jobs", "none", "jobs that share the store"),
  define(
    "concurrent_transfers_peak",
    "count",
    "transfers at once",
    "lower",
    "most saves and loads on the shared store at one time: the height of a storm",
  ),
  define(
    "store_busy_ratio",
    "ratio",
    "store busy",
    "none",
    "time with any save or load on the shared store / wall time",
  ),
  ...(["save", "load"] as const).flatMap((what) =>
    ([50, 99] as const).map((p) =>
      define(
        `${what}_p${p}_seconds`,
        "seconds",
        `${what}, p${p}`,
        "lower",
        `${p}th percentile of the time a ${what} took on the shared store, over all jobs`,
      )
    )
  ),
  define(
    "deferred_saves",
    "count",
    "deferred saves",
    "none",
    "saves that found no token and were made later, while training went on",
  ),
  ...([
    [
      "waste_joules",
      "joules",
      "energy of the waste",
      "joules of all GPU time beyond the useful work and of all bytes and memory of fault tolerance",
    ],
    [
      "waste_operational_grams_co2e",
      "gramsCo2e",
      "operational carbon of the waste",
      "energy of the waste x PUE x grid intensity",
    ],
    [
      "waste_embodied_grams_co2e",
      "gramsCo2e",
      "embodied carbon of the waste",
      "embodied carbon by the time wasted, and by SSD wear",
    ],
    ["waste_grams_co2e", "gramsCo2e", "carbon of the waste", "operational + embodied"],
    [
      "waste_usd",
      "usd",
      "cost of the waste",
      "wasted GPU time, spares and storage at the site's prices",
    ],
    [
      "idle_spare_joules",
      "joules",
      "energy of idle spares",
      "spare GPUs x wall time x idle power, with their share of the hosts",
    ],
  ] as const).map(([id, unit, title, formula]) => define(id, unit, title, "lower", formula)),
];
