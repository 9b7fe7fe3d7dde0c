import { exitCodeOfKind } from "../model/exit_codes.ts";
import { SpillwayError } from "../model/errors.ts";
import { type CommandEntry, COMMANDS } from "../registry/commands.ts";
import { loadCompleter, loadConfigSchema, loadPreparer } from "../registry/deferred.ts";
import { VERSION } from "../runtime/version.ts";
import {
  commandLine,
  isTerminal,
  setExitCode,
  terminalWidth,
  writeText,
} from "../runtime/terminal.ts";
import { closest } from "./did_you_mean.ts";
import { renderHelp } from "./help.ts";
import { renderChildren, renderGroup, renderOverview } from "./overview.ts";
import { configExists } from "./config_file.ts";
import { wrapText } from "./wrap.ts";

/** The command that the first words of the command line name, longest name first. */
function findCommand(argv: readonly string[]): { entry: CommandEntry; rest: string[] } | null {
  for (const words of [2, 1]) {
    const name = argv.slice(0, words).join(" ");
    const entry = argv.length >= words ? COMMANDS.find((c) => c.name === name) : undefined;
    if (entry !== undefined) return { entry, rest: argv.slice(words) };
  }
  return null;
}

/** Columns of help: wide lines do not read well. */
function helpWidth(): number {
  return Math.min(terminalWidth(), 100);
}

async function unknownCommand(argv: readonly string[]): Promise<number> {
  const group = argv[0];
  const members = COMMANDS.filter((c) => c.name.startsWith(`${group} `));
  if (members.length > 0) {
    const child = argv[1];
    if (child === undefined || child === "--help" || child === "-h") {
      await writeText(child === undefined ? "stderr" : "stdout", renderGroup(group, helpWidth()));
      return child === undefined ? 2 : 0;
    }
    const near = closest(child, members.map((c) => c.name.slice(group.length + 1)));
    return await fail(
      `Unknown command "${group} ${child}"` +
        (near === undefined ? "" : `; did you mean "${group} ${near}"?`),
      `"spillway ${group} --help" lists its commands`,
      2,
    );
  }
  const names = [...new Set(COMMANDS.flatMap((c) => [c.name, c.name.split(" ")[0]]))];
  const near = closest(group, names);
  return await fail(
    group.startsWith("-")
      ? `Unknown option "${group}" before any command`
      : `Unknown command "${group}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
    '"spillway --help" lists the commands',
    2,
  );
}

async function fail(message: string, hint: string | undefined, code: number): Promise<number> {
  // A log keeps each sentence on its line; a terminal would break it inside a word.
  const width = isTerminal("stderr") ? terminalWidth() : Infinity;
  const advice = hint === undefined ? [] : wrapText(hint, width - 2).map((line) => `  ${line}`);
  const lines = [...wrapText(`spillway: ${message}`, width), ...advice];
  await writeText("stderr", lines.join("\n") + "\n");
  return code;
}

/** Runs one command line and returns the exit code; a command may have set its own before. */
async function run(argv: readonly string[]): Promise<number | null> {
  if (argv.length === 0) {
    await writeText("stderr", renderOverview(helpWidth()));
    return 2;
  }
  if (argv[0] === "--help" || argv[0] === "-h") {
    await writeText("stdout", renderOverview(helpWidth()));
    return 0;
  }
  if (argv[0] === "help") return await run([...argv.slice(1), "--help"]);
  if (argv[0] === "--version" || argv[0] === "-V") {
    await writeText("stdout", `spillway ${VERSION}\n`);
    return 0;
  }
  if (argv[0] === "complete" && argv[1] === "--") {
    const { complete } = await loadCompleter();
    await complete(argv.slice(2));
    return 0;
  }
  const found = findCommand(argv);
  if (found === null) return await unknownCommand(argv);
  const end = found.rest.indexOf("--");
  const own = end < 0 ? found.rest : found.rest.slice(0, end);
  if (own.includes("--help") || own.includes("-h")) {
    const width = helpWidth();
    const help = renderHelp(await found.entry.help(), width);
    await writeText("stdout", help + renderChildren(found.entry.name, width));
    return 0;
  }
  const { prepareCommand } = await loadPreparer();
  const command = prepareCommand(await found.entry.load());
  if (configExists()) (await loadConfigSchema()).checkConfigFile();
  await command.parse(found.rest);
  return null;
}

/**
 * The whole program: finds the command, loads only that one, runs it, and turns whatever it throws into
 * one sentence on stderr and an exit code (DESIGN section 4).
 */
export async function main(argv: readonly string[] = commandLine()): Promise<void> {
  try {
    const code = await run(argv);
    if (code !== null) setExitCode(code);
  } catch (error) {
    setExitCode(await report(error, argv));
  }
}

async function report(error: unknown, argv: readonly string[]): Promise<number> {
  const debug = argv.includes("--debug");
  const stack = debug && error instanceof Error ? `${error.stack}\n` : "";
  if (stack !== "") await writeText("stderr", stack);
  if (error instanceof SpillwayError) {
    return await fail(error.message, error.hint, exitCodeOfKind(error.kind));
  }
  if (error instanceof Error && error.name === "ValidationError") {
    const found = findCommand(argv);
    const hint = found === null
      ? undefined
      : `"spillway ${found.entry.name} --help" shows its options`;
    return await fail(error.message, hint, 2);
  }
  const message = error instanceof Error ? error.message : String(error);
  return await fail(
    `internal error: ${message}`,
    debug ? undefined : "this is a bug in Spillway: run again with --debug and report the trace",
    70,
  );
}
