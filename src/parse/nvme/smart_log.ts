import { dataError } from "../../model/errors.ts";
import { HEALTH_FIELDS } from "./health_fields.ts";
import { jsonObject, type Loose, looseCounter, looseRecord } from "./loose_json.ts";

/**
 * The SMART/health log of an NVMe drive by our field names (`HEALTH_FIELDS`), whoever printed it; null where
 * it is not given. Sensors beyond the composite temperature follow as `temperature_sensor_1_celsius`, ...
 */
export type NvmeHealth = Readonly<Record<string, number | null>>;

/** nvme-cli prints kelvin; what is too cold for that was converted already. Zero is a missing sensor. */
function celsius(value: number | null): number | null {
  if (value === null || value === 0) return null;
  return value > 200 ? value - 273 : value;
}

const BITS = [
  "available_spare",
  "temp_threshold",
  "reliability_degraded",
  "ro",
  "vmbu_failed",
  "pmr_ro",
];

/** A number up to nvme-cli 2.3; since then an object of its bits with their value. */
function warning(value: unknown): number | null {
  const number = looseCounter(value);
  if (number !== null) return number;
  const bits = looseRecord(value);
  const whole = looseCounter(bits.value);
  if (whole !== null) return whole;
  return BITS.some((bit) => bit in bits)
    ? BITS.reduce((sum, bit, i) => sum + (looseCounter(bits[bit]) ?? 0) * 2 ** i, 0)
    : null;
}

function fieldsOf(log: Loose, temperature: (value: number | null) => number | null): NvmeHealth {
  const health: Record<string, number | null> = {};
  for (const { field, keys, factor } of HEALTH_FIELDS) {
    const raw = keys.map((key) => log[key]).find((value) => value !== undefined);
    if (field === "critical_warning") health[field] = warning(raw);
    else if (field === "temperature_celsius") health[field] = temperature(looseCounter(raw));
    else {
      const value = looseCounter(raw);
      health[field] = value === null ? null : factor < 1 ? value / (1 / factor) : value * factor;
    }
  }
  const sensors = Array.isArray(log.temperature_sensors)
    ? log.temperature_sensors
    : Array.from({ length: 8 }, (_, i) => log[`temperature_sensor_${i + 1}`]);
  sensors.forEach((value, i) => {
    const reading = temperature(looseCounter(value));
    if (reading !== null) health[`temperature_sensor_${i + 1}_celsius`] = reading;
  });
  return health;
}

/**
 * Reads `nvme smart-log -o json`: temperature in kelvin, the warning a number (2.3) or an object (2.11).
 *
 * @throws data error when it is no such log.
 */
export function parseNvmeSmartLog(text: string, label: string): NvmeHealth {
  const log = jsonObject(text, label);
  if (!("data_units_written" in log)) {
    throw dataError(`${label}: JSON without data_units_written: it is no NVMe smart-log`);
  }
  return fieldsOf(log, celsius);
}

/** Bits of smartctl's exit status (its manual page, section EXIT STATUS). */
const STATUS_BITS: readonly string[] = [
  "the command line was wrong",
  "the device could not be opened",
  "a command to the device failed",
  "the device says it is failing",
  "attributes are below their thresholds",
  "attributes were below their thresholds in the past",
  "the error log has entries",
  "the self-test log has errors",
];

/** What smartctl gives: the health, and what its exit status says in words. */
export interface SmartctlResult {
  /** Null when the device is no NVMe drive or could not be read. */
  readonly health: NvmeHealth | null;
  readonly device: string | null;
  readonly model: string | null;
  readonly exitStatus: number;
  /** One phrase a set bit, and the tool's messages. */
  readonly problems: readonly string[];
}

/** The phrases of the bits that are set. */
export function smartctlProblems(exitStatus: number): string[] {
  return STATUS_BITS.filter((_, bit) => (exitStatus >> bit & 1) === 1);
}

/**
 * Reads `smartctl --json`: temperature in Celsius. The exit status is a mask of bits: a failing drive (8)
 * still gives all its data, an unopened one (2) gives none.
 *
 * @throws data error when it is no smartctl JSON.
 */
export function readSmartctl(text: string, label: string): SmartctlResult {
  const top = jsonObject(text, label);
  const tool = looseRecord(top.smartctl);
  if (!("smartctl" in top) && !("json_format_version" in top)) {
    throw dataError(`${label}: JSON without "smartctl": it is no smartctl output`);
  }
  const exitStatus = looseCounter(tool.exit_status) ?? 0;
  const messages = Array.isArray(tool.messages)
    ? tool.messages.map((m) => looseRecord(m).string).filter((m) => typeof m === "string")
    : [];
  const device = looseRecord(top.device).name;
  const log = top.nvme_smart_health_information_log;
  return {
    health: log === undefined ? null : fieldsOf(looseRecord(log), (value) => value),
    device: typeof device === "string" ? device.replace(/^\/dev\//, "") : null,
    model: typeof top.model_name === "string" ? top.model_name : null,
    exitStatus,
    problems: [...smartctlProblems(exitStatus), ...messages],
  };
}

/** The health of {@link readSmartctl} alone. */
export function parseSmartctl(text: string, label: string): NvmeHealth | null {
  return readSmartctl(text, label).health;
}
