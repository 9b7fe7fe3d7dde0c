import { EXIT_CODES } from "../model/exit_codes.ts";
import type { CommandHelp } from "./cliffy/command_help.ts";

/** Escapes text for roff: backslashes, hyphens that must stay ASCII, a control character at the start. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1");
}

function section(command: CommandHelp): string[] {
  const lines = [`.SS "spillway ${roff(command.name)}"`, roff(command.description)];
  for (const option of command.options.filter((o) => !o.hidden && !o.global)) {
    lines.push(".TP", `.B ${roff(option.flags)}`, roff(option.description));
  }
  const examples = command.examples;
  if (examples.length > 0) {
    lines.push(".PP", "Examples:");
    for (const { name, description } of examples) {
      lines.push(".PP", roff(name), ".RS", ".nf", roff(description), ".fi", ".RE");
    }
  }
  return lines;
}

/** The manual page, in roff, from the same data as the help. */
export function renderManual(version: string, commands: readonly CommandHelp[]): string {
  const global = commands[0]?.options.filter((o) => o.global && !o.hidden) ?? [];
  return [
    `.TH SPILLWAY 1 "" "spillway ${roff(version)}" "User Commands"`,
    ".SH NAME",
    "spillway \\- record, replay and price the memory and storage of GPU servers",
    ".SH SYNOPSIS",
    ".B spillway",
    ".I command",
    "[options]",
    ".SH COMMANDS",
    ...commands.flatMap(section),
    ".SH OPTIONS OF EVERY COMMAND",
    ...global.flatMap((o) => [".TP", `.B ${roff(o.flags)}`, roff(o.description)]),
    ".SH EXIT STATUS",
    ...EXIT_CODES.flatMap((e) => [".TP", `.B ${e.code}`, roff(`${e.name}: ${e.meaning}`)]),
    "",
  ].join("\n");
}
