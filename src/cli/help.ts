import type { CommandHelp, OptionInfo } from "./cliffy/command_help.ts";
import { formatBytes, formatDecimalBytes, formatRate, formatSeconds } from "../model/units.ts";
import { wrapCommand, wrapText } from "./wrap.ts";

/** Two columns: a term and its text, wrapped to the width. */
export function twoColumns(
  rows: readonly (readonly [string, string])[],
  width: number,
  indent = "  ",
): string[] {
  const widest = Math.max(0, ...rows.map(([term]) => term.length));
  const column = Math.min(widest, 30);
  const lines: string[] = [];
  for (const [term, text] of rows) {
    const body = wrapText(text, Math.max(20, width - indent.length - column - 2));
    if (term.length > column) {
      lines.push(`${indent}${term}`);
    } else {
      lines.push(`${indent}${term.padEnd(column)}  ${body.shift() ?? ""}`.trimEnd());
    }
    for (const line of body) lines.push(`${indent}${" ".repeat(column)}  ${line}`);
  }
  return lines;
}

/** A default as one would type it: times, sizes and rates with their unit. */
function shownDefault(value: unknown, typeName: string | null): string {
  if (Array.isArray(value)) return value.join(",");
  if (typeof value !== "number") return String(value);
  if (typeName === "duration") return formatSeconds(value);
  if (typeName === "rate") return formatRate(value);
  if (typeName === "size") {
    return value % 1024 === 0 && value % 1000 !== 0
      ? formatBytes(value)
      : formatDecimalBytes(value);
  }
  return String(value);
}

function optionText(option: OptionInfo): string {
  const notes: string[] = [];
  const values = option.values.join("|");
  // A long list may break between its values.
  if (values !== "") notes.push(values.length > 50 ? values.replaceAll("|", " | ") : values);
  if (option.required) notes.push("required");
  const fallback = option.default;
  if (
    fallback !== undefined && fallback !== false &&
    !(Array.isArray(fallback) && fallback.length === 0)
  ) {
    notes.push(`default: ${shownDefault(fallback, option.typeName)}`);
  }
  return notes.length === 0 ? option.description : `${option.description} (${notes.join("; ")})`;
}

/** The help page of one command. */
export function renderHelp(command: CommandHelp, width: number): string {
  const lines: string[] = [];
  lines.push(...wrapText(command.description, width), "");
  const args = command.arguments.map((a) => {
    const name = a.variadic ? `${a.name}...` : a.name;
    return a.optional ? `[${name}]` : `<${name}>`;
  });
  const usage = command.usage ?? ["[options]", ...args].join(" ");
  lines.push(`Usage: spillway ${command.name} ${usage}`.trimEnd());
  const visible = command.options.filter((o) => !o.hidden);
  const own = visible.filter((o) => !o.global);
  const global = visible.filter((o) => o.global);
  if (own.length > 0) {
    lines.push("", "Options:", ...twoColumns(own.map((o) => [o.flags, optionText(o)]), width));
  }
  if (global.length > 0) {
    lines.push(
      "",
      "Everywhere:",
      ...twoColumns(global.map((o) => [o.flags, optionText(o)]), width),
    );
  }
  const examples = command.examples;
  if (examples.length > 0) {
    lines.push("", "Examples:");
    for (const { name, description } of examples) {
      lines.push(...wrapText(`# ${name}`, width - 2).map((l) => `  ${l}`));
      lines.push(...wrapCommand(description, width - 2).map((l) => `  ${l}`));
    }
  }
  return lines.join("\n") + "\n";
}
