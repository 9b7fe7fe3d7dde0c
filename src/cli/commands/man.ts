import { Command } from "@cliffy/command";
import { z } from "zod";
import { COMMANDS } from "../../registry/commands.ts";
import { VERSION } from "../../runtime/version.ts";
import type { CommandModule } from "../command_module.ts";
import { renderManual } from "../man.ts";
import { type GlobalOptions, openOutput } from "../output.ts";

const output = z.strictObject({
  schema: z.literal("spillway/man/1"),
  version: z.string(),
  roff: z.string().describe("the manual page as man reads it"),
});

async function run(options: GlobalOptions): Promise<void> {
  const commands = await Promise.all(COMMANDS.map((c) => c.help()));
  const roff = renderManual(VERSION, commands);
  const document = { schema: "spillway/man/1", version: VERSION, roff };
  await openOutput(options).emit(document, () => roff);
}

export const command: CommandModule = {
  name: "man",
  summary: "print the manual page",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Prints the manual page of every command, in roff, made from the same data as --help.",
      )
      .example("Read it", "spillway man | man -l -")
      .example("Install it", "spillway man > /usr/local/share/man/man1/spillway.1")
      .action((options: GlobalOptions) => run(options)),
};
