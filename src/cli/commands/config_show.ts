import { Command } from "@cliffy/command";
import { z } from "zod";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import { type SettingName, SETTINGS } from "../settings.ts";
import { renderTable } from "../table.ts";

interface Options extends GlobalOptions {
  readonly origins?: boolean;
}

const output = z.object({
  schema: z.literal("spillway/config/1"),
  settings: z.array(z.object({
    name: z.string(),
    value: z.string().nullable(),
    origin: z.string(),
  })),
});

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const settings = (Object.keys(SETTINGS) as SettingName[]).map((name) => out.setting(name));
  await out.emit({ schema: "spillway/config/1", settings }, () =>
    renderTable(
      [
        { title: "setting" },
        { title: "value", flexible: true },
        ...(options.origins ? [{ title: "from" }, { title: "variable" }] : []),
      ],
      settings.map((s) => [
        s.name,
        s.value ?? "(none)",
        ...(options.origins ? [s.origin, SETTINGS[s.name].variable] : []),
      ]),
      out.width,
      out.style.bold,
    ));
}

export const command: CommandModule = {
  name: "config show",
  summary: "show the settings in force, and with --origins where each comes from",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Shows the settings in force. A flag beats the environment, which beats spillway.json, which " +
          "beats the default.",
      )
      .option("--origins", "Show where each value comes from.")
      .example("Which store is used, and why?", "spillway config show --origins")
      .action((options: Options) => run(options)),
};
