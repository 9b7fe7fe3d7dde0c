import type { z } from "zod";
import { dataError, messageOf } from "../model/errors.ts";
import { environmentVariable } from "../runtime/terminal.ts";
import { readSmallText } from "../runtime/early_files.ts";
import { CONFIG_FILE } from "./config_file.ts";
import type { configSchema } from "./config_schema.ts";

export type Config = z.infer<typeof configSchema>;
export type SettingName = Exclude<keyof Config, "$schema" | "gate">;

export const SETTINGS: Readonly<
  Record<SettingName, { variable: string; fallback: string | null; summary: string }>
> = {
  store: { variable: "SPILLWAY_STORE", fallback: "spillway.duckdb", summary: "the store file" },
  color: { variable: "SPILLWAY_COLOR", fallback: "auto", summary: "auto, always or never" },
  interval: { variable: "SPILLWAY_INTERVAL", fallback: "100ms", summary: "sampling interval" },
  sources: { variable: "SPILLWAY_SOURCES", fallback: null, summary: "sources to sample" },
  hardware: { variable: "SPILLWAY_HARDWARE", fallback: null, summary: "hardware profile" },
  llm: { variable: "SPILLWAY_LLM", fallback: null, summary: "model profile" },
  site: { variable: "SPILLWAY_SITE", fallback: null, summary: "site profile" },
  factors: { variable: "SPILLWAY_FACTORS", fallback: null, summary: "file of coefficients" },
  seed: { variable: "SPILLWAY_SEED", fallback: "1", summary: "seed of everything random" },
};

export interface Setting {
  readonly name: SettingName;
  readonly value: string | null;
  /** Where the value came from. */
  readonly origin: string;
}

/** The configuration file as it stands; null when there is none. @throws data error when it is no JSON. */
export function readConfigFile(path: string = CONFIG_FILE): unknown {
  const text = readSmallText(path);
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw dataError(`${path}: not valid JSON: ${messageOf(error)}`);
  }
}

/**
 * The configuration of the working directory; an empty one when there is none. The file was checked by
 * `checkConfigFile` before the command began: the checker is loaded only where there is a file.
 */
export function loadConfig(path: string = CONFIG_FILE): Config {
  return (readConfigFile(path) ?? {}) as Config;
}

/** Flag over environment over config file over default, with the origin of each. */
export function resolveSetting(
  name: SettingName,
  flag: string | number | undefined,
  config: Config,
): Setting {
  if (flag !== undefined) return { name, value: String(flag), origin: `flag --${name}` };
  const { variable, fallback } = SETTINGS[name];
  const fromEnv = environmentVariable(variable);
  if (fromEnv !== undefined && fromEnv !== "") {
    return { name, value: fromEnv, origin: `environment ${variable}` };
  }
  const fromFile = config[name];
  if (fromFile !== undefined) return { name, value: String(fromFile), origin: CONFIG_FILE };
  return { name, value: fallback, origin: "default" };
}
