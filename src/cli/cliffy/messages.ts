import { CommanderError, InvalidArgumentError } from "commander";
import { closest } from "../did_you_mean.ts";
import { ValidationError } from "./types.ts";

/** What the message for a wrong command line must know of the command. */
export interface ParsedCommand {
  readonly name: string;
  readonly argumentCount: number;
  /** Long forms of the options that help shows. */
  readonly options: readonly string[];
}

/** Commander's errors in this tool's words; other errors as they are. */
export function translateError(error: unknown, command: ParsedCommand): unknown {
  if (error instanceof InvalidArgumentError || !(error instanceof CommanderError)) return error;
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownOption": {
      const flag = quoted.split("=")[0];
      const near = closest(flag, command.options);
      return new ValidationError(
        `Unknown option "${flag}"` +
          (near === undefined ? "" : `; did you mean option "${near}"?`),
      );
    }
    case "commander.missingArgument":
      return new ValidationError(`Missing argument "${quoted || error.message.split("'")[1]}"`);
    case "commander.optionMissingArgument":
      return new ValidationError(`Option "${quoted.split(" ")[0]}" needs a value: ${quoted}`);
    case "commander.excessArguments":
      return new ValidationError(
        `Too many arguments for "${command.name}"; it takes ${command.argumentCount}`,
      );
    case "commander.conflictingOption":
      return new ValidationError(error.message.replace(/^error: /, ""));
    default:
      return new ValidationError(error.message.replace(/^error: /, ""));
  }
}
