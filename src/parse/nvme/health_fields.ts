/** One field of the SMART/health log with the name that each tool gives it. */
export interface HealthField {
  readonly field: string;
  readonly unit: string;
  readonly type: "counter" | "gauge";
  /** Keys of `nvme smart-log -o json` and of `smartctl --json`, any version. */
  readonly keys: readonly string[];
  /** Label of `smartctl -A` for people. */
  readonly label: string;
  /** Printed number to our unit. */
  readonly factor: number;
}

function row(
  field: string,
  unit: string,
  type: HealthField["type"],
  keys: string,
  label: string,
  factor = 1,
): HealthField {
  return { field, unit, type, keys: keys.split(" "), label, factor };
}

/**
 * The log that every NVMe drive has (NVM Express base specification 2.0, section 5.16.1.3). Data units are
 * 1000 blocks of 512 bytes; busy and temperature times are minutes.
 */
export const HEALTH_FIELDS: readonly HealthField[] = [
  row("data_units_read", "count", "counter", "data_units_read", "Data Units Read"),
  row("data_units_written", "count", "counter", "data_units_written", "Data Units Written"),
  row(
    "host_read_commands",
    "count",
    "counter",
    "host_read_commands host_reads",
    "Host Read Commands",
  ),
  row(
    "host_write_commands",
    "count",
    "counter",
    "host_write_commands host_writes",
    "Host Write Commands",
  ),
  row("percentage_used", "percent", "gauge", "percent_used percentage_used", "Percentage Used"),
  row(
    "available_spare_ratio",
    "ratio",
    "gauge",
    "avail_spare available_spare",
    "Available Spare",
    0.01,
  ),
  row(
    "available_spare_threshold_ratio",
    "ratio",
    "gauge",
    "spare_thresh available_spare_threshold",
    "Available Spare Threshold",
    0.01,
  ),
  row("temperature_celsius", "celsius", "gauge", "temperature", "Temperature"),
  row("critical_warning", "bits", "gauge", "critical_warning", "Critical Warning"),
  row("media_errors", "count", "counter", "media_errors", "Media and Data Integrity Errors"),
  row(
    "error_log_entries",
    "count",
    "counter",
    "num_err_log_entries",
    "Error Information Log Entries",
  ),
  row("power_on_hours", "hours", "counter", "power_on_hours", "Power On Hours"),
  row("power_cycles", "count", "counter", "power_cycles", "Power Cycles"),
  row("unsafe_shutdowns", "count", "counter", "unsafe_shutdowns", "Unsafe Shutdowns"),
  row(
    "controller_busy_seconds",
    "seconds",
    "counter",
    "controller_busy_time",
    "Controller Busy Time",
    60,
  ),
  row(
    "warning_temperature_seconds",
    "seconds",
    "counter",
    "warning_temp_time",
    "Warning  Comp. Temperature Time",
    60,
  ),
  row(
    "critical_temperature_seconds",
    "seconds",
    "counter",
    "critical_comp_time",
    "Critical Comp. Temperature Time",
    60,
  ),
];

/** Reason of a field that a tool or an old drive leaves out. */
export const NOT_IN_LOG = "this drive or tool does not report it";

/** Names of the bits of the critical warning, for people. */
export const WARNING_BITS: readonly string[] = [
  "spare blocks are below the threshold",
  "a temperature is outside its threshold",
  "reliability is degraded by media or internal errors",
  "the media is read-only",
  "the volatile memory backup failed",
  "the persistent memory region is read-only or unreliable",
];
