import { dataError } from "../../model/errors.ts";
import { type CounterRecording, type Reading, reading } from "../reading.ts";
import { HEALTH_FIELDS, NOT_IN_LOG, WARNING_BITS } from "./health_fields.ts";
import { parseNvmeList } from "./list.ts";
import { type MediaCounters, parseEnduranceLog, parseOcpLog } from "./media.ts";
import { type NvmeHealth, parseNvmeSmartLog, readSmartctl } from "./smart_log.ts";
import { parseSmartctlText } from "./smartctl_text.ts";

/** Readings of a health log, the sensors included. */
export function healthReadings(device: string, health: NvmeHealth): Reading[] {
  const known = new Set(HEALTH_FIELDS.map((f) => f.field));
  return [
    ...HEALTH_FIELDS.map((f) => reading(device, f, health[f.field] ?? null, NOT_IN_LOG)),
    ...Object.entries(health).filter(([field]) => !known.has(field)).map(([field, value]) =>
      reading(device, { field, unit: "celsius", type: "gauge" }, value, NOT_IN_LOG)
    ),
  ];
}

/** Fields of the flash itself, with what a drive's log calls them. */
export const MEDIA_FIELDS: readonly {
  readonly field: string;
  readonly unit: string;
  readonly type: "counter" | "gauge";
  readonly of: (media: MediaCounters) => number | null;
}[] = [
  {
    field: "media_written_bytes",
    unit: "bytes",
    type: "counter",
    of: (m) => m.mediaWrittenBytes,
  },
  { field: "media_read_bytes", unit: "bytes", type: "counter", of: (m) => m.mediaReadBytes },
  { field: "erase_count_max", unit: "count", type: "counter", of: (m) => m.eraseCountMax },
  { field: "erase_count_min", unit: "count", type: "counter", of: (m) => m.eraseCountMin },
  {
    field: "thermal_throttle_events",
    unit: "count",
    type: "counter",
    of: (m) => m.thermalThrottleEvents,
  },
  { field: "bad_user_blocks", unit: "count", type: "counter", of: (m) => m.badUserBlocks },
  {
    field: "pcie_correctable_errors",
    unit: "count",
    type: "counter",
    of: (m) => m.pcieCorrectableErrors,
  },
];

/** Readings of a log of the flash; fields that this log does not have are left out. */
export function mediaReadings(device: string, media: MediaCounters): Reading[] {
  return MEDIA_FIELDS.filter(({ of }) => of(media) !== null)
    .map((field) => reading(device, field, field.of(media)));
}

/** The warnings that are set, one phrase each. */
export function warningNotes(health: NvmeHealth): string[] {
  const bits = health.critical_warning ?? 0;
  return WARNING_BITS.filter((_, bit) => (bits >> bit & 1) === 1).map((text) =>
    `critical warning: ${text}`
  );
}

const single = (readings: readonly Reading[], notes: readonly string[]): CounterRecording => ({
  source: "nvme",
  snapshots: [{ unixMs: null, readings }],
  notes,
});

/** Whether a text is a log page of nvme-cli as JSON. */
export function isNvmeLog(text: string): boolean {
  return /^[^{]{0,400}\{/.test(text) && !text.includes('"smartctl"') &&
    /"(data_units_written|media_units_written|physical media units written)"/i.test(text);
}

/** @throws data error when it is none of the three logs. */
export function nvmeLogRecording(text: string, label: string): CounterRecording {
  if (/physical media units written/i.test(text)) {
    return single(mediaReadings("nvme", parseOcpLog(text, label)), ["OCP extended log (C0h)"]);
  }
  if (/"media_units_written"/.test(text)) {
    return single(mediaReadings("nvme", parseEnduranceLog(text, label)), [
      "endurance-group log (09h)",
    ]);
  }
  const health = parseNvmeSmartLog(text, label);
  return single(healthReadings("nvme", health), [
    "SMART/health log (02h); a data unit is 512,000 bytes",
    ...warningNotes(health),
  ]);
}

/** Whether a text is `nvme list -o json`. */
export function isNvmeList(text: string): boolean {
  return /^\s*\{\s*"Devices"\s*:/.test(text);
}

/** Used and whole size of each namespace. */
export function nvmeListRecording(text: string, label: string): CounterRecording {
  const namespaces = parseNvmeList(text, label);
  return single(
    namespaces.flatMap(({ device, usedBytes, sizeBytes }) => [
      reading(device, { field: "used_bytes", unit: "bytes", type: "gauge" }, usedBytes, NOT_IN_LOG),
      reading(device, { field: "size_bytes", unit: "bytes", type: "gauge" }, sizeBytes, NOT_IN_LOG),
    ]),
    namespaces.map(({ device, model, firmware, address }) =>
      `${device}: ${model ?? "unknown model"}, firmware ${firmware ?? "unknown"}` +
      (address === null ? "" : `, at ${address}`)
    ),
  );
}

/** Whether a text is `smartctl --json`. */
export function isSmartctlJson(text: string): boolean {
  return /^\s*\{/.test(text) && /"json_format_version"|"smartctl"\s*:/.test(text.slice(0, 20_000));
}

/** @throws data error with what smartctl's exit status says when it holds no health of an NVMe drive. */
export function smartctlRecording(text: string, label: string): CounterRecording {
  const { health, device, model, problems } = readSmartctl(text, label);
  if (health === null) {
    const why = problems.length > 0
      ? problems.join("; ")
      : device === null
      ? "it lists devices or describes none"
      : "it was asked for identification only";
    throw dataError(
      `${label}: smartctl gives no health of an NVMe drive: ${why}`,
      "record it with smartctl --json -a on an NVMe device",
    );
  }
  return single(healthReadings(device ?? "nvme", health), [
    ...(model === null ? [] : [`${device ?? "nvme"}: ${model}`]),
    ...problems.map((problem) => `smartctl says: ${problem}`),
    ...warningNotes(health),
  ]);
}

/** What smartctl for people says: health, sizes, power states and errors, as far as they were asked for. */
export function smartctlTextRecording(text: string, label: string): CounterRecording {
  const { health, model, capacityBytes, powerStates, errorEntries } = parseSmartctlText(
    text,
    label,
  );
  const gauge = (field: string, unit: string, value: number) =>
    reading("nvme", { field, unit, type: "gauge" }, value);
  return single([
    ...(health === null ? [] : healthReadings("nvme", health)),
    ...(capacityBytes === null ? [] : [gauge("size_bytes", "bytes", capacityBytes)]),
    ...(powerStates ?? []).map((watts, i) => gauge(`power_state_${i}_max_watts`, "watts", watts)),
    ...(errorEntries === null ? [] : [gauge("error_entries_shown", "count", errorEntries)]),
  ], [
    ...(model === null ? [] : [`nvme: ${model}`]),
    ...(health === null ? [] : warningNotes(health)),
  ]);
}
