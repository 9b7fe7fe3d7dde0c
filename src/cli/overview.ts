import { COMMANDS } from "../registry/commands.ts";
import { twoColumns } from "./help.ts";

/** Commands and groups by what a user is about to do; a test proves that none is left out. */
export const SECTIONS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ["Start here", ["demo", "doctor"]],
  ["Record and import", ["record", "mark", "import", "generate", "bench", "calibrate", "recover"]],
  ["Look", ["ls", "show", "query", "export", "report"]],
  ["Replay and predict", ["replay", "fault", "loader", "predict", "score", "topo"]],
  ["Price and decide", ["estimate", "advise"]],
  ["Keep it that way", ["gate", "baseline", "compare", "noise"]],
  ["Help", ["explain", "schema", "config", "completions", "man"]],
];

/** What a group of commands is for. */
const GROUPS: Readonly<Record<string, string>> = {
  baseline: "keep a reference that gates compare with",
  config: "the settings in force",
  fault: "fit failure traces, plan intervals and spares",
  loader: "fit the loading of samples",
  generate: "seeded traces to try things with",
  replay: "replay a trace against policies",
};

/** Name and summary of every command and group at the top. */
function topLevel(): Map<string, string> {
  const rows = new Map<string, string>();
  for (const { name, summary } of COMMANDS) {
    const [group, child] = name.split(" ");
    if (child === undefined) {
      rows.set(group, summary);
      continue;
    }
    if (COMMANDS.some((c) => c.name === group)) continue;
    const children = COMMANDS.filter((c) => c.name.startsWith(`${group} `));
    const names = children.map((c) => c.name.slice(group.length + 1)).join(", ");
    const what = GROUPS[group];
    rows.set(group, what === undefined ? names : `${what}: ${names}`);
  }
  return rows;
}

/** The list of all commands. */
export function renderOverview(width: number): string {
  const rows = topLevel();
  const column = Math.max(...[...rows.keys()].map((name) => name.length));
  const known = new Set(SECTIONS.flatMap(([, names]) => names));
  const others = [...rows.keys()].filter((name) => !known.has(name));
  const sections = [...SECTIONS, ...(others.length === 0 ? [] : [["Other", others] as const])];
  return [
    "Spillway records what a GPU server's memory and storage did, replays it",
    "against other policies and says what each would have cost.",
    "",
    "Usage: spillway <command> [options]",
    ...sections.flatMap(([title, names]) => {
      const own = names.filter((name) => rows.has(name));
      if (own.length === 0) return [];
      const lines = twoColumns(
        own.map((name) => [name.padEnd(column), rows.get(name)!] as const),
        width,
      );
      return ["", `${title}:`, ...lines];
    }),
    "",
    '"spillway <command> --help" explains one command; README.md has a tour.',
    "",
  ].join("\n");
}

/** The list of the commands of one group. */
export function renderGroup(group: string, width: number): string {
  const rows = COMMANDS.filter((c) => c.name.startsWith(`${group} `))
    .map((c) => [c.name, c.summary] as const);
  return [
    `Commands of "${group}"${GROUPS[group] === undefined ? "" : ` (${GROUPS[group]})`}:`,
    "",
    `Usage: spillway ${group} <command> [options]`,
    "",
    "Commands:",
    ...twoColumns(rows, width),
    "",
    `"spillway ${group} <command> --help" explains one command.`,
    "",
  ].join("\n");
}

/** The commands below one that is a command itself (`advise shift`), for the end of its help. */
export function renderChildren(name: string, width: number): string {
  const rows = COMMANDS.filter((c) => c.name.startsWith(`${name} `))
    .map((c) => [c.name, c.summary] as const);
  return rows.length === 0 ? "" : `\nSee also:\n${twoColumns(rows, width).join("\n")}\n`;
}
