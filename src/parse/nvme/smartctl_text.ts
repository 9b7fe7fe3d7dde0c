import { dataError } from "../../model/errors.ts";
import { HEALTH_FIELDS } from "./health_fields.ts";
import type { NvmeHealth } from "./smart_log.ts";

/** What smartctl for people says of an NVMe drive. */
export interface SmartctlText {
  readonly health: NvmeHealth | null;
  readonly model: string | null;
  readonly capacityBytes: number | null;
  /** Most watts of each power state, by its number; null when the table is not printed. */
  readonly powerStates: readonly number[] | null;
  /** Entries of the error log that are shown; null when it is not printed. */
  readonly errorEntries: number | null;
}

/** `26,572,793 [13.6 TB]`, `0x00`, `36 Celsius`, `100%`. */
function numberOf(text: string): number | null {
  const hex = /^0x([0-9a-f]+)$/i.exec(text);
  if (hex !== null) return parseInt(hex[1], 16);
  const match = /^([0-9][0-9.,\u00a0' ]*)(?:\s*\[.*\]|\s*Celsius|\s*%)?$/.exec(text);
  return match === null ? null : Number(match[1].replace(/[,\u00a0' ]/g, ""));
}

/** Whether a text is output of smartctl for people. */
export function isSmartctlText(text: string): boolean {
  return /^smartctl \d+\.\d+ /.test(text.trimStart());
}

/**
 * `smartctl -i`, `-A`, `-c` or `-l error` of an NVMe drive, one of them or together.
 *
 * @throws data error when nothing of an NVMe drive is in it.
 */
export function parseSmartctlText(text: string, label: string): SmartctlText {
  if (!isSmartctlText(text)) throw dataError(`${label}: it is no output of smartctl`);
  const labels = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^([A-Z][^:]{2,45}?)\s*:\s+(.*)$/.exec(line);
    if (match !== null && !labels.has(match[1])) labels.set(match[1].trim(), match[2].trim());
  }
  const hasHealth = /SMART\/Health Information \(NVMe/.test(text);
  const health: Record<string, number | null> = {};
  if (hasHealth) {
    for (const { field, label: name, factor } of HEALTH_FIELDS) {
      const value = numberOf(labels.get(name) ?? "");
      health[field] = value === null ? null : factor < 1 ? value / (1 / factor) : value * factor;
    }
    for (let i = 1; i <= 8; i++) {
      const value = numberOf(labels.get(`Temperature Sensor ${i}`) ?? "");
      if (value !== null) health[`temperature_sensor_${i}_celsius`] = value;
    }
  }
  const states = [...text.matchAll(/^\s*(\d+) [+-]\s+([0-9.]+)W\s/gm)].map((m) => Number(m[2]));
  const errors = /Error Information \(NVMe Log 0x01/.test(text)
    ? [...text.matchAll(/^\s*\d+\s+\d+\s+\d+\s+0x[0-9a-f]{4}\s/gm)].length
    : null;
  const capacity = labels.get("Total NVM Capacity") ?? labels.get("Namespace 1 Size/Capacity");
  const found: SmartctlText = {
    health: hasHealth ? health : null,
    model: labels.get("Model Number") ?? null,
    capacityBytes: capacity === undefined ? null : numberOf(capacity),
    powerStates: states.length === 0 ? null : states,
    errorEntries: errors,
  };
  if (Object.values(found).every((value) => value === null)) {
    const first = /^(?!smartctl|Copyright|\s*$).*$/m.exec(text)?.[0] ?? "nothing";
    throw dataError(
      `${label}: smartctl says nothing of an NVMe drive but "${first.slice(0, 80)}"`,
      "record it with smartctl -x on an NVMe device",
    );
  }
  return found;
}
