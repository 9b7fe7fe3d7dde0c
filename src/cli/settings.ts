import { z } from "zod";
import { dataError, messageOf } from "../model/errors.ts";
import { environmentVariable } from "../runtime/terminal.ts";
import { readTextIfExists } from "../runtime/files.ts";

/** What `spillway.json` may hold. Every key is also a flag and an environment variable. */
export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  store: z.string().min(1).optional(),
  color: z.enum(["auto", "always", "never"]).optional(),
  interval: z.string().optional(),
  sources: z.string().optional(),
  hardware: z.string().optional(),
  llm: z.string().optional(),
  site: z.string().optional(),
  factors: z.string().optional(),
  seed: z.number().int().nonnegative().optional(),
  gate: z.unknown().optional(),
});

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

export const CONFIG_FILE = "spillway.json";

/** Reads `spillway.json` of the working directory; an empty configuration when there is none. */
export function loadConfig(path: string = CONFIG_FILE): Config {
  const text = readTextIfExists(path);
  if (text === null) return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(`${path}: not valid JSON: ${messageOf(error)}`);
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw dataError(
      `${path}: ${issue.path.join(".") || "top level"}: ${issue.message}`,
      `the keys are ${Object.keys(SETTINGS).join(", ")}, gate`,
    );
  }
  return parsed.data;
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
