/** One reading of one counter or gauge, as a foreign tool gave it. `reason` says why `value` is null. */
export interface Reading {
  /** Device within the source: `GPU-0`, `nvme0`, "" for the host. */
  readonly device: string;
  readonly field: string;
  readonly unit: string;
  readonly type: "counter" | "gauge";
  readonly value: number | null;
  readonly reason: string | null;
}

/** Readings taken at one time. */
export interface Snapshot {
  /** Wall clock in milliseconds since 1970; null when the tool printed none. */
  readonly unixMs: number | null;
  readonly readings: readonly Reading[];
}

/** Everything that a recorded output of a tool says. */
export interface CounterRecording {
  /** Name of the source that gives the same fields when it records: `nvidia-smi`, `nvme`. */
  readonly source: string;
  readonly snapshots: readonly Snapshot[];
  /** What was recognised, dropped or assumed, one sentence each. */
  readonly notes: readonly string[];
}

/** A reading whose value is known, or null with the reason. */
export function reading(
  device: string,
  definition: { readonly field: string; readonly unit: string; readonly type: Reading["type"] },
  value: number | null,
  reason: string | null = null,
): Reading {
  const { field, unit, type } = definition;
  const why = value === null ? reason ?? "not reported" : null;
  return { device, field, unit, type, value, reason: why };
}
