import { type Command, EnumType } from "@cliffy/command";
import type { CommandModule } from "./command_module.ts";

/** Builds a command and gives it the options that every command has. */
export function prepareCommand(module: CommandModule): Command {
  return module.build()
    .name(module.name)
    .globalType("when", new EnumType(["auto", "always", "never"]))
    .globalOption("--json", "Print one JSON document on stdout.")
    .globalOption("--quiet", "Print nothing on stderr but warnings and errors.")
    .globalOption("--store <file:file>", "The store (SPILLWAY_STORE; spillway.duckdb).")
    .globalOption("--color <when:when>", "Colour the output.")
    .globalOption("--debug", "Print a stack trace when something fails.")
    .globalOption("-h, --help", "Show this help.");
}
