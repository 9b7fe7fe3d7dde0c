import { z } from "zod";
import { dataError } from "../model/errors.ts";
import { CONFIG_FILE } from "./config_file.ts";
import { readConfigFile, SETTINGS } from "./settings.ts";

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

/** Checks the configuration file, if there is one. @throws data error where it is no configuration. */
export function checkConfigFile(path: string = CONFIG_FILE): void {
  const json = readConfigFile(path);
  if (json === null) return;
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw dataError(
      `${path}: ${issue.path.join(".") || "top level"}: ${issue.message}`,
      `the keys are ${Object.keys(SETTINGS).join(", ")}, gate`,
    );
  }
}
