import type { MetricDefinition } from "../metric.ts";
import { metricDefiner, type MetricRow } from "./definer.ts";

const define = metricDefiner(
  "loader",
  "this tool: replay of epochs; rule and workloads of MLPerf Storage v1.0",
);

const TIER_ROWS: readonly MetricRow[] = [
  ["dram", "host memory"],
  ["peer_dram", "other nodes' memory"],
  ["ssd", "drives"],
  ["remote", "remote store"],
  ["object", "object store"],
].map(([tier, place]): MetricRow => [
  `${tier}_read_requests`,
  "count",
  `reads from ${place}`,
  "none",
  `read requests to ${place} in the last epoch`,
]);

const ROWS: readonly MetricRow[] = [
  [
    "accelerator_utilization_ratio",
    "ratio",
    "accelerators busy",
    "higher",
    "(steps - 1) x compute seconds / (end of the last step - end of the first), mean over accelerators, last epoch",
  ],
  [
    "first_epoch_utilization_ratio",
    "ratio",
    "busy in the first epoch",
    "higher",
    "the same of the first epoch: caches are cold",
  ],
  [
    "utilization_target_ratio",
    "ratio",
    "target",
    "none",
    "0.9, for cosmoflow 0.7 (MLPerf Storage v1.0)",
  ],
  [
    "utilization_margin_ratio",
    "ratio",
    "above the target",
    "higher",
    "accelerator_utilization_ratio - utilization_target_ratio",
  ],
  [
    "epoch_seconds",
    "seconds",
    "epoch",
    "lower",
    "from the first read to the end of the last step, last epoch",
  ],
  ["first_epoch_seconds", "seconds", "first epoch", "lower", "the same of the first epoch"],
  [
    "batch_wait_p50_seconds",
    "seconds",
    "batch wait p50",
    "lower",
    "median wait of an accelerator for a batch",
  ],
  ["batch_wait_p99_seconds", "seconds", "batch wait p99", "lower", "99th percentile of that wait"],
  [
    "source_read_bytes",
    "bytes",
    "read from the source",
    "lower",
    "bytes read where the data set lies, last epoch",
  ],
  ["source_read_requests", "count", "requests", "lower", "read requests there, last epoch"],
  ["source_metadata_operations", "count", "opens", "lower", "opens and lookups there, last epoch"],
  [
    "source_busy_ratio",
    "ratio",
    "source busy",
    "none",
    "sum of max(bytes/bandwidth, requests/IOPS, metadata/limit) over the epoch's seconds",
  ],
  [
    "object_read_bytes",
    "bytes",
    "from the object store",
    "none",
    "bytes read from the object store",
  ],
  [
    "shuffle_mixing_ratio",
    "ratio",
    "shuffled",
    "higher",
    "mean distance that a sample moves in the stream over that of a full shuffle (a third of the length)",
  ],
  ["shuffle_buffer_bytes", "bytes", "shuffle buffer", "lower", "samples in the buffer x mean size"],
  [
    "shuffle_fill_seconds",
    "seconds",
    "buffer fill",
    "lower",
    "accelerators x buffer bytes / read bandwidth of the source; part of epoch_seconds",
  ],
  [
    "prefetch_depth",
    "count",
    "read-ahead",
    "lower",
    "batches that a loader is ahead of its accelerator",
  ],
  [
    "prefetch_buffer_bytes",
    "bytes",
    "read-ahead bytes",
    "lower",
    "depth x batch x mean size, an accelerator",
  ],
  ...TIER_ROWS,
];

/** What is known of the metrics of this family; `explain` prints it. */
export const LOADER_METRICS: readonly MetricDefinition[] = ROWS.map((row) => define(...row));
