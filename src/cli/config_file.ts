import { isThere } from "../runtime/early_files.ts";

export const CONFIG_FILE = "spillway.json";

/** Whether the working directory has a configuration file. */
export function configExists(): boolean {
  return isThere(CONFIG_FILE);
}
