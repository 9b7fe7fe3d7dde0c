import { COMMANDS } from "../registry/commands.ts";
import { writeText } from "../runtime/terminal.ts";
import type { CommandHelp, OptionInfo } from "./cliffy/command_help.ts";

/** What may stand in the place of the last word, and what it means. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Types whose values are files; so do traces, which may be a file or a stored name. */
const FILE_TYPES = new Set(["file"]);
const FILE_ARGUMENTS = new Set(["trace", "file", "input"]);

/** Files and folders whose path begins with the word; hidden ones only when it asks for them. */
async function files(word: string): Promise<Candidate[]> {
  const { listNames } = await import("../runtime/files.ts");
  const slash = word.lastIndexOf("/");
  const folder = word.slice(0, slash + 1);
  const hidden = word.slice(slash + 1).startsWith(".");
  return listNames(folder === "" ? "." : folder)
    .filter((name) => hidden || !name.startsWith("."))
    .map((name) => ({ value: folder + name, description: "" }));
}

/** Names that a description lists after a colon: "Policies to compare: a, b, c." or "… a, b (a)." */
function listedIn(description: string): string[] {
  const match = /: ([a-z0-9-]+(?:, [a-z0-9-]+)+)(?: \([a-z0-9-]+\))?\.$/.exec(description);
  return match === null ? [] : match[1].split(", ");
}

/** Values of an option; those after the last comma of a list keep what stands before it. */
async function valuesOf(option: OptionInfo, word: string): Promise<Candidate[]> {
  const listed = option.values.length > 0 ? option.values : listedIn(option.description);
  if (listed.length === 0) return FILE_TYPES.has(option.typeName!) ? await files(word) : [];
  const before = word.slice(0, word.lastIndexOf(",") + 1);
  const taken = before.split(",");
  return listed.filter((value) => !taken.includes(value))
    .map((value) => ({ value: before + value, description: "" }));
}

const shortOf = (option: OptionInfo): string | null => /^(-\w),/.exec(option.flags)?.[1] ?? null;

const named = (help: CommandHelp | null, word: string): OptionInfo | undefined =>
  help?.options.find((option) => word === `--${option.name}` || word === shortOf(option));

/** The command that the words name, and the words between its options' that are not part of its name. */
function split(words: readonly string[], help: CommandHelp | null) {
  const plain: string[] = [];
  for (let i = 0; i < words.length; i++) {
    if (!words[i].startsWith("-")) plain.push(words[i]);
    else if ((named(help, words[i])?.typeName ?? null) !== null) i++;
  }
  return plain;
}

/** The command with the longest name that the words begin with. */
async function commandOf(words: readonly string[]): Promise<CommandHelp | null> {
  const plain = words.filter((word) => !word.startsWith("-"));
  const fitting = COMMANDS.filter(({ name }) =>
    name.split(" ").every((part, i) => part === plain[i])
  ).sort((a, b) => b.name.length - a.name.length);
  return await fitting[0]?.help() ?? null;
}

/** Subcommands that may come after these words. */
function subcommands(plain: readonly string[]): Candidate[] {
  const found = new Map<string, string>();
  for (const { name, summary } of COMMANDS) {
    const parts = name.split(" ");
    if (parts.length <= plain.length || !plain.every((word, i) => word === parts[i])) continue;
    const next = parts[plain.length];
    const whole = parts.length === plain.length + 1;
    // A group without a command of its own is described by the names it holds.
    const before = found.get(next);
    if (whole) found.set(next, summary);
    else if (before === undefined) found.set(next, name);
  }
  return [...found].map(([value, description]) => ({ value, description }));
}

/**
 * What may complete the last of the words after the program's name. Each candidate replaces that word whole.
 */
export async function candidates(given: readonly string[]): Promise<Candidate[]> {
  const word = given.at(-1) ?? "";
  const before = given.slice(0, -1);
  const fitting = (all: readonly Candidate[]) => all.filter(({ value }) => value.startsWith(word));
  // Behind "--" stands a command of the user's.
  if (before.includes("--")) return fitting(await files(word));
  const help = await commandOf(before);
  const equals = word.indexOf("=");
  if (word.startsWith("-") && equals > 0) {
    const option = named(help, word.slice(0, equals));
    if (option === undefined || option.typeName === null) return [];
    const flag = word.slice(0, equals + 1);
    const values = await valuesOf(option, word.slice(equals + 1));
    return fitting(values.map((one) => ({ ...one, value: flag + one.value })));
  }
  const previous = named(help, before.at(-1) ?? "");
  if (previous !== undefined && previous.typeName !== null) {
    return fitting(await valuesOf(previous, word));
  }
  if (word.startsWith("-")) {
    return fitting(
      (help?.options ?? []).filter((option) => !option.hidden)
        .map(({ name, description }) => ({ value: `--${name}`, description })),
    );
  }
  const plain = split(before, help);
  const children = subcommands(plain);
  const own = help === null ? 0 : help.name.split(" ").length;
  const argument = help?.arguments[plain.length - own] ??
    (help?.arguments.at(-1)?.variadic === true ? help.arguments.at(-1) : undefined);
  const takesFile = argument !== undefined &&
    (FILE_TYPES.has(argument.typeName) || FILE_ARGUMENTS.has(argument.name));
  return fitting([...children, ...(takesFile ? await files(word) : [])]);
}

/**
 * Prints the completions of the words so far, one a line with a tab before what it means, as the scripts of
 * `completions` ask for them.
 */
export async function complete(words: readonly string[]): Promise<void> {
  const found = await candidates(words);
  const lines = found.filter(({ value }) => !/[\n\t]/.test(value))
    .map(({ value, description }) => `${value}\t${description}\n`);
  await writeText("stdout", lines.join(""));
}
