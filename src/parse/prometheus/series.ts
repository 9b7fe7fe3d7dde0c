import type { PromSample } from "./text.ts";

/** Endings of Prometheus names (base units, by its naming rules) and what the unit is called here. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_bytes(_total|_sum)?$/, "bytes"],
  [/_seconds(_total|_sum)?$/, "seconds"],
  [/_(ratio|perc|percentage)$/, "ratio"],
  [/_joules(_total)?$/, "joules"],
  [/_watts$/, "watts"],
  [/_(hertz|hz)$/, "hertz"],
  [/_celsius$/, "celsius"],
  [/_tokens(_total|_sum)?$/, "tokens"],
];

/** Labels that name the scraped target or a person's job rather than the thing measured. */
const TARGET_LABELS = new Set([
  "Hostname",
  "hostname",
  "instance",
  "job",
  "UUID",
  "uuid",
  "gpu_uuid",
  "pci_bus_id",
  "device",
  "modelName",
  "DCGM_FI_DRIVER_VERSION",
  "DCGM_FI_PROCESS_NAME",
]);

/** The unit that a metric's name says; `count` when it says none. */
export function unitOfName(name: string): string {
  return UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? "count";
}

/** Field of a metric: its name with ":" as "_", and the bound of a histogram's bucket. */
export function fieldOfSample(sample: PromSample): string {
  const name = sample.name.replaceAll(":", "_");
  const bound = sample.labels.le ?? sample.labels.quantile;
  return bound === undefined
    ? name
    : `${name}_${sample.labels.le === undefined ? "q" : "le"}_${bound}`;
}

/** Device of a sample: its labels in order of name, without bounds; "" when it has none. */
export function deviceOfSample(sample: PromSample): string {
  return Object.entries(sample.labels)
    .filter(([name]) => name !== "le" && name !== "quantile")
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/** Whether a label only names the target. */
export function isTargetLabel(name: string): boolean {
  return TARGET_LABELS.has(name);
}
