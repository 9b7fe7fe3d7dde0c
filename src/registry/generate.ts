/**
 * Writes the generated registry: plain strings and `() => import(...)`, one list a kind. Run by
 * `deno task registry`; with `--check` it only compares and fails when the committed files are stale.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { scriptCommand } from "../runtime/self.ts";
import { helpFile } from "./help_file.ts";

/** One registered kind: where its files lie, what they export, which facts are copied as strings. */
interface Kind {
  readonly file: string;
  readonly constant: string;
  readonly entry: string;
  readonly typeImport: string;
  readonly typeName: string;
  readonly folders: readonly string[];
  readonly exported: string;
  readonly fields: readonly string[];
  /** Whether each also has a file of what its help says. */
  readonly helped?: true;
}

const KINDS: readonly Kind[] = [
  {
    file: "commands.ts",
    constant: "COMMANDS",
    entry: "CommandEntry",
    typeImport: "../cli/command_module.ts",
    typeName: "CommandModule",
    folders: ["cli/commands", "cli/commands/*"],
    exported: "command",
    fields: ["name", "summary"],
    helped: true,
  },
  {
    file: "policies.ts",
    constant: "POLICIES",
    entry: "PolicyEntry",
    typeImport: "../model/policy.ts",
    typeName: "Policy",
    folders: ["replay/*/policies"],
    exported: "policy",
    fields: ["name", "family", "summary"],
  },
  {
    file: "evictions.ts",
    constant: "EVICTIONS",
    entry: "EvictionEntry",
    typeImport: "../replay/shared/eviction.ts",
    typeName: "Eviction",
    folders: ["replay/shared/evictions"],
    exported: "eviction",
    fields: ["name", "summary"],
  },
  {
    file: "sources.ts",
    constant: "SOURCES",
    entry: "SourceEntry",
    typeImport: "../collect/source.ts",
    typeName: "Source",
    folders: ["collect/sources"],
    exported: "source",
    fields: ["name", "summary"],
  },
  {
    file: "formats.ts",
    constant: "FORMATS",
    entry: "FormatEntry",
    typeImport: "../ingest/importer.ts",
    typeName: "Importer",
    folders: ["ingest/formats"],
    exported: "format",
    fields: ["name", "kind", "summary"],
  },
  {
    file: "workloads.ts",
    constant: "WORKLOADS",
    entry: "WorkloadEntry",
    typeImport: "../workload/workload.ts",
    typeName: "Workload",
    folders: ["workload/workloads"],
    exported: "workload",
    fields: ["name", "summary"],
  },
  {
    file: "charts.ts",
    constant: "CHARTS",
    entry: "ChartEntry",
    typeImport: "../report/chart.ts",
    typeName: "Chart",
    folders: ["report/charts"],
    exported: "chart",
    fields: ["name", "summary"],
  },
];

const SOURCE_ROOT = fileURLToPath(new URL("..", import.meta.url));

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(join(SOURCE_ROOT, folder), { withFileTypes: true })
      .map((entry) => entry.isDirectory() ? `${entry.name}/` : entry.name)
      .sort();
  } catch {
    return [];
  }
}

function expand(pattern: string): string[] {
  const star = pattern.indexOf("*");
  if (star < 0) return [pattern];
  const parent = pattern.slice(0, star).replace(/\/$/, "");
  const rest = pattern.slice(star + 1);
  return entriesOf(parent).filter((e) => e.endsWith("/")).flatMap((e) =>
    expand(`${parent}/${e.slice(0, -1)}${rest}`)
  );
}

async function render(kind: Kind): Promise<string> {
  const rows: { key: string; text: string }[] = [];
  for (const folder of kind.folders.flatMap(expand)) {
    for (const name of entriesOf(folder)) {
      if (!name.endsWith(".ts") || name.startsWith("_") || name === "mod.ts") continue;
      const path = `../${folder}/${name}`;
      const module = await import(new URL(path, import.meta.url).href);
      const object = module[kind.exported];
      if (object === undefined) {
        throw new Error(`src/${folder}/${name} must export \`${kind.exported}\``);
      }
      const fields = kind.fields.map((f) => {
        if (typeof object[f] !== "string" || object[f] === "") {
          throw new Error(`src/${folder}/${name}: \`${kind.exported}.${f}\` must be a string`);
        }
        return `    ${f}: ${JSON.stringify(object[f])},\n`;
      }).join("");
      rows.push({
        key: `${object.family ?? ""}/${object.name}`,
        text:
          `  {\n${fields}    load: async () => (await import(late("${path}"))).${kind.exported},\n` +
          (kind.helped
            ? `    help: async () => (await import(late("./help/${
              helpFile(object.name)
            }"))).help,\n`
            : "") +
          "  },\n",
      });
    }
  }
  rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const twins = rows.find((row, i) => i > 0 && row.key === rows[i - 1].key);
  if (twins !== undefined) {
    throw new Error(`two ${kind.constant.toLowerCase()} are called ${twins.key}`);
  }
  // A registry holds objects with different parameter types; `any` is the only common supertype.
  const generic = kind.typeName === "Policy" ? "<any, any>" : "";
  const ignore = generic === "" ? "" : "  // deno-lint-ignore no-explicit-any\n";
  return `// Generated by \`deno task registry\`. Do not edit.\n` +
    (kind.helped ? `import type { CommandHelp } from "../cli/cliffy/command_help.ts";\n` : "") +
    `import type { ${kind.typeName} } from "${kind.typeImport}";\n` +
    (rows.length === 0 ? "\n" : `import { late } from "./late.ts";\n\n`) +
    `export interface ${kind.entry} {\n` +
    kind.fields.map((f) => `  readonly ${f}: string;\n`).join("") +
    `${ignore}  readonly load: () => Promise<${kind.typeName}${generic}>;\n` +
    (kind.helped
      ? "  /** What its help says, without loading the command. */\n" +
        "  readonly help: () => Promise<CommandHelp>;\n"
      : "") +
    `}\n\n` +
    `export const ${kind.constant}: readonly ${kind.entry}[] = [\n${
      rows.map((r) => r.text).join("")
    }];\n`;
}

/** An empty list of a kind, so that modules that import the registry can be loaded to make it. */
function stub(kind: Kind): string {
  return `export const ${kind.constant} = [];\n`;
}

async function main(check: boolean): Promise<number> {
  let stale = 0;
  for (const kind of KINDS) {
    const target = fileURLToPath(new URL(kind.file, import.meta.url));
    if (!existsSync(target)) writeFileSync(target, stub(kind));
  }
  for (const kind of KINDS) {
    const target = fileURLToPath(new URL(kind.file, import.meta.url));
    const wanted = await render(kind);
    let current = "";
    try {
      current = readFileSync(target, "utf8");
    } catch {
      // Not there yet: stale.
    }
    // deno fmt may wrap long lines; compare without white space and trailing commas.
    const squash = (text: string) => text.replace(/\s+/g, "").replace(/,([}\])])/g, "$1");
    if (squash(current) === squash(wanted)) continue;
    stale++;
    const shown = relative(process.cwd(), target);
    if (check) console.error(`${shown} is stale: run "deno task registry"`);
    else {
      writeFileSync(target, wanted);
      console.log(`wrote ${shown}`);
    }
  }
  // In a process of its own: this one has loaded commands that listed what was registered before.
  const args = check ? ["--check"] : [];
  const [program, ...first] = scriptCommand(new URL("generate_help.ts", import.meta.url).href);
  const help = spawnSync(program, [...first, ...args], { stdio: "inherit" });
  return help.status !== 0 || (check && stale > 0) ? 1 : 0;
}

process.exitCode = await main(process.argv.includes("--check"));
