import { Command } from "@cliffy/command";
import { usageError } from "../../model/errors.ts";
import { COMMANDS } from "../../registry/commands.ts";
import type { CommandModule } from "../command_module.ts";
import { closest } from "../did_you_mean.ts";
import { type GlobalOptions, openOutput } from "../output.ts";

async function run(options: GlobalOptions, words: readonly string[]): Promise<void> {
  const { z } = await import("zod");
  const name = words.join(" ");
  const entry = COMMANDS.find((c) => c.name === name);
  if (entry === undefined) {
    const near = closest(name, COMMANDS.map((c) => c.name));
    throw usageError(
      `schema: there is no command "${name}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
    );
  }
  const module = await entry.load();
  if (module.output === undefined) {
    throw usageError(`schema: "${name}" prints no JSON document of its own`);
  }
  const schema = z.toJSONSchema(await module.output(), { io: "output", unrepresentable: "any" });
  await openOutput({ ...options, json: true }).emit(schema, () => "");
}

export const command: CommandModule = {
  name: "schema",
  summary: "print the JSON Schema of what a command's --json prints",
  build: () =>
    new Command()
      .description("Prints the JSON Schema of the document that COMMAND --json prints.")
      .arguments("<command...:string>")
      .example("What does replay cache --json look like?", "spillway schema replay cache")
      .action((options: GlobalOptions, ...words: string[]) => run(options, words)),
};
