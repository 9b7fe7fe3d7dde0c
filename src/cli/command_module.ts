import type { Command } from "@cliffy/command";
import type { z } from "zod";

/**
 * A command: one file under `src/cli/commands/`, exporting `command`. A command of a group stands in a
 * folder of the group's name and is named `group child` (`replay cache`).
 */
export interface CommandModule {
  readonly name: string;
  /** One line for the command list. */
  readonly summary: string;
  /** The command in Cliffy's call shape; global options are added by the caller. */
  build(): Command;
  /** Schema of what `--json` prints; `spillway schema <name>` shows it. */
  output?(): z.ZodType | Promise<z.ZodType>;
}
