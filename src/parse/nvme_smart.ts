import { dataError, messageOf } from "../model/errors.ts";

/** The SMART/health log of an NVMe drive, whoever printed it. Null where it is not given. */
export interface NvmeHealth {
  /** Units of 512,000 bytes that hosts read and wrote. */
  readonly dataUnitsRead: number | null;
  readonly dataUnitsWritten: number | null;
  readonly hostReadCommands: number | null;
  readonly hostWriteCommands: number | null;
  readonly percentageUsed: number | null;
  readonly availableSpareRatio: number | null;
  readonly temperatureCelsius: number | null;
  readonly criticalWarning: number | null;
  readonly mediaErrors: number | null;
  readonly powerOnHours: number | null;
  readonly unsafeShutdowns: number | null;
}

type Loose = Record<string, unknown>;

function record(value: unknown): Loose {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value as Loose : {};
}

/** Numbers come as numbers, as decimal strings (nvme-cli 2.3), and as 128-bit counters. */
function counter(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : null;
  if (typeof value !== "string" || !/^\d+(\.\d+)?$/.test(value.trim())) return null;
  return Number(value);
}

function json(text: string, label: string): Loose {
  const start = text.indexOf("{");
  if (start < 0) {
    throw dataError(
      `${label}: no JSON, it says "${text.trim().split("\n")[0]?.slice(0, 80) ?? ""}"`,
      "run the tool by itself and follow its advice",
    );
  }
  try {
    return record(JSON.parse(text.slice(start)));
  } catch (error) {
    throw dataError(`${label}: the JSON is cut short or damaged (${messageOf(error)})`);
  }
}

/**
 * Reads `nvme smart-log -o json`: temperature in kelvin, the warning a number (2.3) or an object (2.11).
 *
 * @throws data error when it is no such log.
 */
export function parseNvmeSmartLog(text: string, label: string): NvmeHealth {
  const log = json(text, label);
  if (!("data_units_written" in log)) {
    throw dataError(`${label}: JSON without data_units_written: it is no NVMe smart-log`);
  }
  const kelvin = counter(log.temperature);
  const warning = record(log.critical_warning);
  const spare = counter(log.avail_spare ?? log.available_spare);
  return {
    dataUnitsRead: counter(log.data_units_read),
    dataUnitsWritten: counter(log.data_units_written),
    hostReadCommands: counter(log.host_read_commands),
    hostWriteCommands: counter(log.host_write_commands),
    percentageUsed: counter(log.percent_used ?? log.percentage_used),
    availableSpareRatio: spare === null ? null : spare / 100,
    // Zero kelvin is how a drive without a sensor reports.
    temperatureCelsius: kelvin === null || kelvin === 0 ? null : kelvin - 273,
    criticalWarning: counter(log.critical_warning) ?? counter(warning.value),
    mediaErrors: counter(log.media_errors),
    powerOnHours: counter(log.power_on_hours),
    unsafeShutdowns: counter(log.unsafe_shutdowns),
  };
}

/**
 * Reads `smartctl --json -a`: temperature in Celsius. The exit status is a bit mask: a failing drive (8) still
 * gives its data.
 *
 * @returns null when the device is no NVMe drive or could not be opened.
 * @throws data error when it is no smartctl JSON.
 */
export function parseSmartctl(text: string, label: string): NvmeHealth | null {
  const top = json(text, label);
  if (!("smartctl" in top) && !("json_format_version" in top)) {
    throw dataError(`${label}: JSON without "smartctl": it is no smartctl output`);
  }
  if (!("nvme_smart_health_information_log" in top)) return null;
  const log = record(top.nvme_smart_health_information_log);
  const spare = counter(log.available_spare);
  return {
    dataUnitsRead: counter(log.data_units_read),
    dataUnitsWritten: counter(log.data_units_written),
    hostReadCommands: counter(log.host_reads),
    hostWriteCommands: counter(log.host_writes),
    percentageUsed: counter(log.percentage_used),
    availableSpareRatio: spare === null ? null : spare / 100,
    temperatureCelsius: counter(log.temperature),
    criticalWarning: counter(log.critical_warning),
    mediaErrors: counter(log.media_errors),
    powerOnHours: counter(log.power_on_hours),
    unsafeShutdowns: counter(log.unsafe_shutdowns),
  };
}
