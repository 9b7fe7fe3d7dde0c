import { missingReason } from "./missing_value.ts";
import { numberOf } from "../numbers.ts";
import { type Reading, reading } from "../reading.ts";
import type { GpuField } from "./fields.ts";

/** Factor from a printed unit to ours. NVIDIA's KB and MB of throughput are powers of 1000. */
const FACTORS: Readonly<Record<string, number>> = {
  "%": 0.01,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  W: 1,
  mW: 1e-3,
  C: 1,
  MHz: 1e6,
  us: 1e-6,
  ms: 1e-3,
  ns: 1e-9,
  "KB/s": 1e3,
  "MB/s": 1e6,
  "GB/s": 1e9,
  mJ: 1e-3,
  J: 1,
  mV: 1e-3,
  V: 1,
  x: 1,
  "bank(s)": 1,
  bool: 1,
  errs: 1,
  "": 1,
  "1": 1,
};

/** What drivers hand out for "unknown": -1 in an unsigned word, of 32 bits or of 64, printed in any unit. */
const ALL_ONES_32 = /^4294967295(\.0+)?$/;
const ALL_ONES_64 = 2 ** 63;

/** The value of each word that stands for a switch. */
const FLAGS: Readonly<Record<string, number>> = {
  Active: 1,
  "Not Active": 0,
  Yes: 1,
  No: 0,
  Enabled: 1,
  Disabled: 0,
  "1": 1,
  "0": 0,
};

/** Factors below 1 are divisors, so that 29 % is 0.29 and not 0.29000000000000004. */
export function scaled(value: number, factor: number): number {
  return factor < 1 ? value / Math.round(1 / factor) : value * factor;
}

/** Whether a printed unit is known. */
export function isPrintedUnit(unit: string): boolean {
  return unit in FACTORS;
}

/**
 * A cell of NVIDIA's tools in our unit: `12.5 W`, `40 %`, `16x`, `P0`, `0x4`, `Not Active`. A cell without a
 * unit is in the one the tool is known to print. Null with the reason when it holds no value.
 */
export function quantity(
  cell: string,
  printed: string,
): { readonly value: number; readonly reason: null } | {
  readonly value: null;
  readonly reason: string;
} {
  const text = cell.trim();
  if (printed === "flag" && text in FLAGS) return { value: FLAGS[text], reason: null };
  const missing = missingReason(text);
  if (missing !== null) return { value: null, reason: missing };
  const bad = { value: null, reason: `"${text.slice(0, 40)}" is no number` } as const;
  if (printed === "P") {
    const state = /^P(\d{1,2})$/.exec(text);
    return state === null ? bad : { value: Number(state[1]), reason: null };
  }
  if (/^0x[0-9a-f]{1,16}$/i.test(text)) return { value: Number(text), reason: null };
  const match = /^([+-]?[0-9.]+(?:e[+-]?\d+)?)\s*(\S*)$/i.exec(text);
  const value = match === null ? null : numberOf(match[1]);
  if (match === null || value === null) return bad;
  const unit = match[2] === "" ? printed : match[2];
  const factor = FACTORS[unit] ?? (unit === "flag" || unit === "hex" ? 1 : undefined);
  if (factor === undefined) {
    return { value: null, reason: `the unit of "${text.slice(0, 40)}" is not known` };
  }
  const ours = scaled(value, factor);
  if (ALL_ONES_32.test(match[1]) || Math.abs(ours) >= ALL_ONES_64) {
    return { value: null, reason: `the driver has no value (it reports ${match[1]})` };
  }
  return { value: ours, reason: null };
}

/** The reading of a field from its cell. */
export function fieldReading(device: string, field: GpuField, cell: string): Reading {
  const { value, reason } = quantity(cell, field.printed);
  return reading(device, field, value, reason);
}

/** The sum of several cells; unknown as soon as one is. */
export function sumReading(device: string, field: GpuField, cells: readonly string[]): Reading {
  let sum = 0;
  for (const cell of cells) {
    const { value, reason } = quantity(cell, field.printed);
    if (value === null) return reading(device, field, null, reason);
    sum += value;
  }
  return reading(device, field, sum);
}
