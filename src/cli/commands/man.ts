import { Command } from "@cliffy/command";
import { COMMANDS } from "../../registry/commands.ts";
import { writeText } from "../../runtime/terminal.ts";
import { VERSION } from "../../runtime/version.ts";
import type { CommandModule } from "../command_module.ts";
import { renderManual } from "../man.ts";

async function run(): Promise<void> {
  const { prepareCommand } = await import("../prepare.ts");
  const commands = await Promise.all(COMMANDS.map(async (c) => prepareCommand(await c.load())));
  await writeText("stdout", renderManual(VERSION, commands));
}

export const command: CommandModule = {
  name: "man",
  summary: "print the manual page",
  build: () =>
    new Command()
      .description(
        "Prints the manual page of every command, in roff, made from the same data as --help.",
      )
      .example("Read it", "spillway man | man -l -")
      .example("Install it", "spillway man > /usr/local/share/man/man1/spillway.1")
      .action(run),
};
