import { RootCommand } from "@bomb.sh/tab";
import { COMMANDS } from "../registry/commands.ts";
import { listNames } from "../runtime/files.ts";
import type { CommandHelp } from "./cliffy/command_help.ts";

type Complete = (value: string, description: string) => void;

/** Types whose values are files; so do traces, which may be a file or a stored name. */
const FILE_TYPES = new Set(["file"]);
const FILE_ARGUMENTS = new Set(["trace", "file", "input"]);

function completeFiles(word: string, complete: Complete): void {
  const slash = word.lastIndexOf("/");
  const folder = word.slice(0, slash + 1);
  for (const name of listNames(folder === "" ? "." : folder)) complete(`${folder}${name}`, "");
}

/** Values after the last comma of a list option keep what stands before it. */
function completeList(word: string, values: readonly string[], complete: Complete): void {
  const comma = word.lastIndexOf(",");
  const before = word.slice(word.indexOf("=") + 1, comma + 1);
  for (const value of values) complete(`${before}${value}`, "");
}

function describe(
  root: RootCommand,
  name: string,
  summary: string,
  command: CommandHelp,
  word: string,
) {
  const target = root.command(name, summary);
  for (const option of command.options) {
    if (option.hidden) continue;
    const short = /^-(\w),/.exec(option.flags)?.[1];
    if (option.typeName === null) {
      target.option(option.name, option.description, short ?? "");
      continue;
    }
    const listed = option.values.length > 0 ? option.values : listedIn(option.description);
    target.option(option.name, option.description, (complete) => {
      if (listed.length > 0) completeList(word, listed, complete);
      else if (FILE_TYPES.has(option.typeName!)) completeFiles(word, complete);
    }, short);
  }
  for (const argument of command.arguments) {
    target.argument(argument.name, (complete) => {
      if (FILE_TYPES.has(argument.typeName) || FILE_ARGUMENTS.has(argument.name)) {
        completeFiles(word, complete);
      }
    }, argument.variadic);
  }
}

/** Names that a description lists after a colon: "Policies to compare: a, b, c." or "… a, b (a)." */
function listedIn(description: string): string[] {
  const match = /: ([a-z0-9-]+(?:, [a-z0-9-]+)+)(?: \([a-z0-9-]+\))?\.$/.exec(description);
  return match === null ? [] : match[1].split(", ");
}

/** Prints the completions of the words so far, as the scripts of `completions` ask for them. */
export async function complete(words: readonly string[]): Promise<void> {
  const root = new RootCommand();
  const word = words.at(-1) ?? "";
  for (const group of new Set(COMMANDS.map((c) => c.name.split(" ")[0]))) {
    const children = COMMANDS.filter((c) => c.name.startsWith(`${group} `));
    // A group must be known by itself, or its children are never looked at.
    if (children.length > 0) root.command(group, children.map((c) => c.name).join(", "));
  }
  for (const entry of COMMANDS) {
    const own = entry.name.split(" ");
    if (own.every((part, i) => part === words[i])) {
      describe(root, entry.name, entry.summary, await entry.help(), word);
    } else {
      root.command(entry.name, entry.summary);
    }
  }
  root.parse([...words]);
}
