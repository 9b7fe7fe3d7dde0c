import type { MeasuredCeilings } from "../../analyze/stall/ceilings.ts";
import type { UsageFacts } from "../../analyze/run_usage.ts";
import { type ServingEngineConfig, servingEngineConfigSchema } from "../../model/engine_config.ts";
import type { Json } from "../../model/json.ts";
import { mergeEngine } from "../../parse/engine/config_file.ts";

type Fingerprint = { readonly [key: string]: Json };

function record(value: unknown): { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as { [key: string]: Json }
    : {};
}

/** What sources said of their devices when the recording began. */
function deviceFacts(
  fingerprint: Fingerprint,
  sources: readonly string[],
): { [device: string]: Json } {
  const devices = record(fingerprint.devices);
  return Object.assign({}, ...sources.map((source) => record(devices[source])));
}

function pick<T>(facts: { [device: string]: Json }, key: string, is: (v: Json) => v is Json & T) {
  const found: Record<string, T> = {};
  for (const [device, value] of Object.entries(facts)) {
    const one = record(value)[key];
    if (one !== undefined && is(one)) found[device] = one;
  }
  return found;
}

const isText = (value: Json): value is string => typeof value === "string";
const isFlag = (value: Json): value is boolean => typeof value === "boolean";

/** What the usage of a run needs to know of the machine. */
export function usageFacts(fingerprint: Fingerprint): Omit<UsageFacts, "durationSeconds"> {
  const cpus = fingerprint.logicalCpus;
  return {
    logicalCpus: typeof cpus === "number" ? cpus : 1,
    gpuNames: pick(deviceFacts(fingerprint, ["nvidia-smi", "nvml", "dcgm"]), "name", isText),
    rotational: pick(deviceFacts(fingerprint, ["block"]), "rotational", isFlag),
  };
}

/** The engine by its files and by what its page said when the recording began; null without either. */
export function engineConfig(fingerprint: Fingerprint): ServingEngineConfig | null {
  const parse = (value: Json | undefined): ServingEngineConfig | null => {
    const parsed = servingEngineConfigSchema.safeParse(value);
    return parsed.success ? parsed.data : null;
  };
  const pages = Object.values(deviceFacts(fingerprint, ["scrape"])).map(parse)
    .filter((page) => page !== null);
  return mergeEngine(parse(fingerprint.engine), pages[0] ?? null);
}

/** Ceilings that `calibrate` measured, as the recording was told of them. */
export function measuredCeilings(fingerprint: Fingerprint): MeasuredCeilings {
  const ceilings = record(fingerprint.ceilings);
  const number = (key: string) => typeof ceilings[key] === "number" ? { [key]: ceilings[key] } : {};
  return {
    ...number("pcieBytesPerSecond"),
    ...number("readBytesPerSecond"),
    ...number("writeBytesPerSecond"),
  };
}
