import { stableStringify } from "../model/json.ts";
import { readTextIfExists } from "../runtime/files.ts";
import { writeFileAtomically } from "../runtime/write_file.ts";
import { checkConfigFile } from "./config_schema.ts";
import { CONFIG_FILE } from "./config_file.ts";

/**
 * Sets keys of `gate` in the configuration file; everything else in it stays as it is.
 *
 * @throws data error when the file that is there is no valid configuration.
 */
export function updateGateConfig(change: Readonly<Record<string, string | number>>): void {
  checkConfigFile();
  const before = JSON.parse(readTextIfExists(CONFIG_FILE) ?? "{}");
  const after = { ...before, gate: { ...before.gate, ...change } };
  writeFileAtomically(CONFIG_FILE, stableStringify(after) + "\n");
}
