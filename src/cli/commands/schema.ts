import { Command } from "@cliffy/command";
import type { z } from "zod";
import { usageError } from "../../model/errors.ts";
import { COMMANDS } from "../../registry/commands.ts";
import type { CommandModule } from "../command_module.ts";
import { closest } from "../did_you_mean.ts";
import { type GlobalOptions, openOutput } from "../output.ts";

/** Documents that are read rather than printed: profiles and the configuration file. */
const INPUTS: Readonly<Record<string, () => Promise<z.ZodType>>> = {
  "profile hardware": async () =>
    (await import("../../model/profiles/hardware.ts")).hardwareProfileSchema,
  "profile llm": async () => (await import("../../model/profiles/llm.ts")).llmProfileSchema,
  "profile site": async () => (await import("../../model/profiles/site.ts")).siteProfileSchema,
  config: async () => (await import("../config_schema.ts")).configSchema,
};

async function schemaOf(name: string): Promise<{ schema: z.ZodType; io: "input" | "output" }> {
  const input = INPUTS[name];
  if (input !== undefined) return { schema: await input(), io: "input" };
  const entry = COMMANDS.find((c) => c.name === name);
  if (entry === undefined) {
    const near = closest(name, [...COMMANDS.map((c) => c.name), ...Object.keys(INPUTS)]);
    throw usageError(
      `schema: there is no command or input "${name}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      `inputs: ${Object.keys(INPUTS).join(", ")}; commands: see "spillway --help"`,
    );
  }
  const module = await entry.load();
  if (module.output === undefined) {
    throw usageError(`schema: "${name}" prints no JSON document of its own`);
  }
  return { schema: await module.output(), io: "output" };
}

async function run(options: GlobalOptions, words: readonly string[]): Promise<void> {
  const { z } = await import("zod");
  const { schema, io } = await schemaOf(words.join(" "));
  const json = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  await openOutput({ ...options, json: true }).emit(json, () => "");
}

export const command: CommandModule = {
  name: "schema",
  summary: "print the JSON Schema of what a command prints or reads",
  output: async () => {
    const { z } = await import("zod");
    return z.looseObject({ $schema: z.literal("https://json-schema.org/draft/2020-12/schema") });
  },
  build: () =>
    new Command()
      .description(
        "Prints the JSON Schema of the document that COMMAND --json prints, or of a profile " +
          "(profile hardware, profile llm, profile site) or of spillway.json (config).",
      )
      .arguments("<name...:string>")
      .example("What does replay cache --json look like?", "spillway schema replay cache")
      .example("What may stand in a hardware profile?", "spillway schema profile hardware")
      .action((options: GlobalOptions, ...words: string[]) => run(options, words)),
};
