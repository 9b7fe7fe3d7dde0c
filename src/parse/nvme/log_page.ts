import { dataError } from "../../model/errors.ts";
import type { MediaCounters } from "./media.ts";
import type { NvmeHealth } from "./smart_log.ts";

/** Log identifiers (NVM Express base specification 2.0, figure 202; OCP Datacenter NVMe SSD). */
export const LOG_PAGES = { health: 0x02, enduranceGroup: 0x09, ocp: 0xc0 } as const;
/** All three are read in this length. */
export const LOG_BYTES = 512;

/** A little-endian counter of 16 bytes; exact below 2^53. */
function counter128(view: DataView, at: number): number {
  const low = view.getBigUint64(at, true);
  const high = view.getBigUint64(at + 8, true);
  return Number(high === 0n ? low : (high << 64n) | low);
}

function kelvin(value: number): number | null {
  return value === 0 ? null : value - 273;
}

function viewOf(bytes: Uint8Array, what: string): DataView {
  if (bytes.length < LOG_BYTES) {
    throw dataError(`${what}: ${bytes.length} bytes, a log page has ${LOG_BYTES}`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The SMART/health log as the drive sends it (section 5.16.1.3). */
export function decodeHealthLog(bytes: Uint8Array): NvmeHealth {
  const view = viewOf(bytes, "SMART/health log");
  const health: Record<string, number | null> = {
    critical_warning: view.getUint8(0),
    temperature_celsius: kelvin(view.getUint16(1, true)),
    available_spare_ratio: view.getUint8(3) / 100,
    available_spare_threshold_ratio: view.getUint8(4) / 100,
    percentage_used: view.getUint8(5),
    data_units_read: counter128(view, 32),
    data_units_written: counter128(view, 48),
    host_read_commands: counter128(view, 64),
    host_write_commands: counter128(view, 80),
    controller_busy_seconds: 60 * counter128(view, 96),
    power_cycles: counter128(view, 112),
    power_on_hours: counter128(view, 128),
    unsafe_shutdowns: counter128(view, 144),
    media_errors: counter128(view, 160),
    error_log_entries: counter128(view, 176),
    warning_temperature_seconds: 60 * view.getUint32(192, true),
    critical_temperature_seconds: 60 * view.getUint32(196, true),
  };
  for (let i = 0; i < 8; i++) {
    const value = kelvin(view.getUint16(200 + 2 * i, true));
    if (value !== null) health[`temperature_sensor_${i + 1}_celsius`] = value;
  }
  return health;
}

/** Log page identifier of the OCP extended log, in the order of its bytes. */
const OCP_GUID = [
  0xc5,
  0xaf,
  0x10,
  0x28,
  0xea,
  0xbf,
  0xf2,
  0xa4,
  0x9c,
  0x4f,
  0x6f,
  0x7c,
  0xc9,
  0x14,
  0xd5,
  0xaf,
];

/** The OCP extended log, or null when the page is a maker's own: C0h is used by others too. */
export function decodeOcpLog(bytes: Uint8Array): MediaCounters | null {
  const view = viewOf(bytes, "OCP extended log");
  if (OCP_GUID.some((byte, i) => bytes[496 + i] !== byte)) return null;
  const raw48 = view.getUint32(32, true) + view.getUint16(36, true) * 2 ** 32;
  return {
    mediaWrittenBytes: counter128(view, 0),
    mediaReadBytes: counter128(view, 16),
    badUserBlocks: raw48,
    eraseCountMax: view.getUint32(88, true),
    eraseCountMin: view.getUint32(92, true),
    thermalThrottleEvents: view.getUint8(96),
    pcieCorrectableErrors: Number(view.getBigUint64(104, true)),
    log: "ocp",
  };
}

/** The endurance-group log: media units in billions of bytes; zero means that the drive does not count. */
export function decodeEnduranceLog(bytes: Uint8Array): MediaCounters | null {
  const view = viewOf(bytes, "endurance-group log");
  const written = counter128(view, 80);
  if (written === 0) return null;
  return {
    mediaWrittenBytes: written * 1e9,
    mediaReadBytes: null,
    eraseCountMax: null,
    eraseCountMin: null,
    thermalThrottleEvents: null,
    badUserBlocks: null,
    pcieCorrectableErrors: null,
    log: "endurance-group",
  };
}
