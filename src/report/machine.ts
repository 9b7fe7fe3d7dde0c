import { formatBytes } from "../model/units.ts";
import { humanWords } from "./labels.ts";

const SHOWN_FIRST: Readonly<Record<string, (value: unknown) => string | null>> = {
  cpuModel: (v) => String(v),
  logicalCpus: (v) => `${v} ${v === 1 ? "processor" : "processors"}`,
  memoryBytes: (v) => typeof v === "number" ? `${formatBytes(v)} of memory` : null,
  kernel: (v) => `kernel ${v}`,
  platform: () => null,
  runtime: (v) => String(v),
};

/** Devices of a fingerprint: their model where they tell it. */
function deviceNames(devices: unknown): string[] {
  if (typeof devices !== "object" || devices === null) return [];
  const names = Object.values(devices as Record<string, unknown>).flatMap((source) =>
    Object.values((source ?? {}) as Record<string, unknown>).map((device) => {
      const facts = (device ?? {}) as Record<string, unknown>;
      // The model of an engine is what it serves.
      if (typeof facts.engine === "string") {
        return typeof facts.model === "string"
          ? `${facts.engine} serving ${facts.model}`
          : facts.engine;
      }
      return facts.name ?? facts.model ?? null;
    })
  ).filter((name): name is string => typeof name === "string" && name !== "");
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => count === 1 ? name : `${count} x ${name}`);
}

/** What a recording was made on, in a few words; null when nothing is known. */
export function machineText(fingerprint: Readonly<Record<string, unknown>>): string | null {
  const known = Object.entries(SHOWN_FIRST)
    .filter(([key]) => fingerprint[key] !== undefined && fingerprint[key] !== null)
    .map(([key, show]) => show(fingerprint[key]));
  const others = Object.entries(fingerprint)
    .filter(([key, value]) =>
      SHOWN_FIRST[key] === undefined && (typeof value === "string" || typeof value === "number")
    )
    .slice(0, 4)
    .map(([key, value]) => `${humanWords(key)} ${value}`);
  const parts = [
    ...known.filter((p) => p !== null),
    ...deviceNames(fingerprint.devices),
    ...others,
  ];
  return parts.length === 0 ? null : parts.join(", ");
}
