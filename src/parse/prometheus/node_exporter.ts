import type { SampleSeries } from "../../model/trace/samples.ts";

type Known = Pick<SampleSeries, "source" | "field" | "unit" | "type"> & {
  /** Label that names the device, and what stands before its value. */
  readonly device: readonly [label: string, prefix: string];
};

function counter(
  source: string,
  field: string,
  unit: string,
  device: Known["device"],
): Known {
  return { source, field, unit, type: "counter", device };
}

const DISK = ["device", ""] as const;

/** Counters of node_exporter that our own sources read as well, under the names that those give. */
const NAMES: Readonly<Record<string, Known>> = {
  node_disk_read_bytes_total: counter("block", "read_bytes", "bytes", DISK),
  node_disk_written_bytes_total: counter("block", "write_bytes", "bytes", DISK),
  node_disk_reads_completed_total: counter("block", "read_requests", "count", DISK),
  node_disk_writes_completed_total: counter("block", "write_requests", "count", DISK),
  node_disk_io_time_seconds_total: counter("block", "busy_seconds", "seconds", DISK),
  node_rapl_package_joules_total: counter("rapl", "energy_joules", "joules", ["index", "package-"]),
  node_rapl_dram_joules_total: counter("rapl", "energy_joules", "joules", ["index", "dram-"]),
};

/** A series of node_exporter under our own names; null for one that has none. */
export function nodeExporterSeries(
  name: string,
  labels: Readonly<Record<string, string>>,
): SampleSeries | null {
  const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  if (known === undefined) return null;
  const { device: from, ...series } = known;
  const value = labels[from[0]];
  return value === undefined ? null : { ...series, device: `${from[1]}${value}` };
}
