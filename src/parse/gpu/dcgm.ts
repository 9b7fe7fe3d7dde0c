import type { PromPage, PromSample } from "../prometheus/text.ts";
import { type Reading, reading } from "../reading.ts";
import { type GpuField, gpuFields } from "./fields.ts";
import { scaled } from "./quantity.ts";

/** Units of DCGM's fields that differ from what nvidia-smi prints for the same thing (dcgm_fields.h). */
const DCGM_UNITS: Readonly<Record<string, number>> = {
  DEV_GPU_UTIL: 0.01,
  DEV_MEM_COPY_UTIL: 0.01,
  DEV_ENC_UTIL: 0.01,
  DEV_DEC_UTIL: 0.01,
  DEV_FAN_SPEED: 0.01,
  DEV_FB_TOTAL: 2 ** 20,
  DEV_FB_RESERVED: 2 ** 20,
  DEV_FB_USED: 2 ** 20,
  DEV_FB_FREE: 2 ** 20,
  DEV_SM_CLOCK: 1e6,
  DEV_MEM_CLOCK: 1e6,
  DEV_VIDEO_CLOCK: 1e6,
  DEV_MAX_SM_CLOCK: 1e6,
  DEV_MAX_MEM_CLOCK: 1e6,
  DEV_TOTAL_ENERGY_CONSUMPTION: 1e-3,
  DEV_POWER_VIOLATION: 1e-9,
  DEV_THERMAL_VIOLATION: 1e-9,
  DEV_SYNC_BOOST_VIOLATION: 1e-9,
};

/** Blank values of DCGM (dcgm_structs.h): the low digit says why there is none. */
const BLANKS: readonly (readonly [bigint, string])[] = [
  [0x7ffffffffffffff0n, "DCGM has no value yet"],
  [0x7ffffffffffffff1n, "DCGM did not find it"],
  [0x7ffffffffffffff2n, "not supported on this GPU"],
  [0x7ffffffffffffff3n, "insufficient permissions: root is needed"],
  [0x7ffffff0n, "DCGM has no value yet"],
  [0x7ffffff1n, "DCGM did not find it"],
  [0x7ffffff2n, "not supported on this GPU"],
  [0x7ffffff3n, "insufficient permissions: root is needed"],
  [140737488355328n, "DCGM has no value yet"],
  [140737488355329n, "DCGM did not find it"],
  [140737488355330n, "not supported on this GPU"],
  [140737488355331n, "insufficient permissions: root is needed"],
];

/** Why a value of DCGM is none, or null. */
export function dcgmBlank(text: string): string | null {
  const whole = text.replace(/\.0+$/, "");
  if (/^\d{10,19}$/.test(whole)) {
    const value = BigInt(whole);
    const found = BLANKS.find(([blank]) => blank === value);
    if (found !== undefined) return found[1];
  }
  // Printed with an exponent, all blanks are the same number.
  return Number(text) >= 2 ** 63 - 2 ** 11 ? "DCGM has no value" : null;
}

/** `GPU-0`, and `GPU-0/MIG-1` for an instance; null for a sample that names no GPU. */
export function dcgmDevice(sample: PromSample): string | null {
  const gpu = sample.labels.gpu ?? sample.labels.GPU;
  if (gpu === undefined) return null;
  const instance = sample.labels.GPU_I_ID;
  return instance === undefined || instance === "" ? `GPU-${gpu}` : `GPU-${gpu}/MIG-${instance}`;
}

export function isDcgmSample(sample: PromSample): boolean {
  return sample.name.startsWith("DCGM_FI_");
}

function valueOf(
  sample: PromSample,
  name: string,
): { value: number | null; reason: string | null } {
  const blank = dcgmBlank(sample.text);
  if (blank !== null) return { value: null, reason: blank };
  if (!Number.isFinite(sample.value)) return { value: null, reason: `DCGM says ${sample.text}` };
  const factor = DCGM_UNITS[name] ?? 1;
  return { value: scaled(sample.value, factor), reason: null };
}

/**
 * A page that gathers several machines has a GPU-0 of each. Their names stay out of the run: the first has no
 * prefix, the second `1:`.
 */
function prefixOf({ labels }: PromSample, machines: string[]): string {
  const machine = labels.Hostname ?? labels.hostname ?? labels.instance;
  if (machine === undefined) return "";
  if (!machines.includes(machine)) machines.push(machine);
  const number = machines.indexOf(machine);
  return number === 0 ? "" : `${number}:`;
}

/**
 * GPU readings of a page of dcgm-exporter, with the same fields and units as the other paths. Metrics that
 * are not in the table are left to the caller.
 *
 * @param machines Machines met so far, which grows: the order in which they came tells their GPUs apart.
 * @returns the readings, and the names that were used.
 */
export function dcgmReadings(
  page: PromPage,
  fields: readonly GpuField[] = gpuFields(),
  machines: string[] = [],
): { readings: Reading[]; used: ReadonlySet<string> } {
  const byName = new Map<string, GpuField>();
  for (const field of fields) {
    for (const name of field.dcgm) {
      if (!name.includes("+")) byName.set(`DCGM_FI_${name}`, field);
    }
  }
  const used = new Set<string>();
  const seen = new Set<string>();
  const readings: Reading[] = [];
  for (const sample of page.samples) {
    const field = byName.get(sample.name);
    const own = field === undefined ? null : dcgmDevice(sample);
    if (field === undefined || own === null) continue;
    const device = `${prefixOf(sample, machines)}${own}`;
    used.add(sample.name);
    // The same GPU stands once for each pod that shares it.
    const key = `${device} ${field.field}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const { value, reason } = valueOf(sample, sample.name.replace("DCGM_FI_", ""));
    readings.push(reading(device, field, value, reason));
  }
  return { readings, used };
}
