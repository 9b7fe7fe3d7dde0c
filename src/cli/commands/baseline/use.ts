import { Command } from "@cliffy/command";
import { z } from "zod";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { safeText } from "../../sanitize.ts";
import { CONFIG_FILE } from "../../config_file.ts";

const output = z.strictObject({
  schema: z.literal("spillway/baseline-use/1"),
  baseline: z.string(),
  file: z.string(),
});

async function run(options: GlobalOptions, given: string): Promise<void> {
  const out = openOutput(options);
  const { openStore } = await import("../../../store/open.ts");
  const { loadBaseline } = await import("../../gate/load_baseline.ts");
  if (given.endsWith(".json") || given.includes("/")) {
    const { readBaselineFile } = await import("../../gate/baseline_document.ts");
    readBaselineFile(given);
  } else {
    const store = await openStore(out.setting("store").value!, { mode: "read" });
    try {
      await loadBaseline(store, given);
    } finally {
      await store.close();
    }
  }
  const { updateGateConfig } = await import("../../update_config.ts");
  updateGateConfig({ baseline: given });
  await out.emit(
    { schema: "spillway/baseline-use/1", baseline: given, file: CONFIG_FILE },
    () => `gates compare with ${safeText(given)} from now on (${CONFIG_FILE}: gate.baseline)\n`,
  );
}

export const command: CommandModule = {
  name: "baseline use",
  summary: "compare with this baseline when a gate names none",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Writes the baseline into spillway.json, so that a gate without --baseline compares with it. " +
          "The baseline must exist.",
      )
      .arguments("<name:string>")
      .example("From now on", "spillway baseline use main")
      .example("A committed file", "spillway baseline use baseline.json")
      .action((options: GlobalOptions, name: string) => run(options, name)),
};
