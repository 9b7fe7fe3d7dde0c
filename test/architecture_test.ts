import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../src", import.meta.url));

/** What each module may import, besides itself (DESIGN section 2). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  stats: ["model"],
  runtime: ["model"],
  parse: ["model"],
  collect: ["model", "runtime", "parse"],
  ingest: ["model", "runtime", "parse"],
  store: ["model", "runtime"],
  generate: ["model", "stats"],
  analyze: ["model", "stats"],
  replay: ["model", "stats"],
  estimate: ["model", "stats"],
  search: ["model", "runtime", "stats", "replay", "estimate", "registry"],
  workload: ["model", "runtime", "parse"],
  gate: ["model", "stats"],
  report: ["model", "stats"],
  // Generated lazy imports of everything registered; the generator itself stands beside them.
  registry: ["*"],
  cli: ["*"],
  "main.ts": ["cli"],
};

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
  readonly staticImports: readonly string[];
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

function importsOf(path: string): SourceFile {
  const text = readFileSync(path, "utf8");
  const code = withoutComments(text);
  const resolveAll = (pattern: RegExp) =>
    [...code.matchAll(pattern)].map((m) => m[1]).map((spec) =>
      spec === "@cliffy/command" ? "cli/cliffy.ts" : relative(ROOT, resolve(dirname(path), spec))
    );
  const local = `"(\\.[^"]*|@cliffy/command)"`;
  const everyStatic = resolveAll(
    new RegExp(`(?:^|\\n)\\s*(?:import|export)\\b[^;"]*?\\bfrom\\s*${local}`, "g"),
  );
  const valueStatic = resolveAll(
    new RegExp(`(?:^|\\n)\\s*(?:import|export)\\b(?!\\s+type\\b)[^;"]*?\\bfrom\\s*${local}`, "g"),
  );
  const dynamic = resolveAll(new RegExp(`\\bimport\\(\\s*${local}`, "g"));
  return {
    path: relative(ROOT, path),
    text,
    imports: [...everyStatic, ...dynamic],
    staticImports: valueStatic,
  };
}

const FILES = sourceFiles(ROOT).map(importsOf);

function moduleOf(path: string): string {
  return path.split("/")[0];
}

/** The family folder of a replay file: `allocator` in `replay/allocator/policies/x.ts`. */
function familyOf(path: string): string {
  return path.split("/")[1];
}

test("a module imports only what the design allows", () => {
  const wrong: string[] = [];
  for (const file of FILES) {
    const from = moduleOf(file.path);
    const allowed = MAY_IMPORT[from];
    assert.ok(allowed !== undefined, `src/${file.path}: module "${from}" is not in the design`);
    for (const target of file.imports) {
      const to = moduleOf(target);
      if (target.startsWith("..") || to === from || allowed.includes("*") || allowed.includes(to)) {
        continue;
      }
      wrong.push(`src/${file.path} imports src/${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("only the command line and search read the registry", () => {
  const readers = FILES.filter((f) =>
    f.imports.some((t) => moduleOf(t) === "registry") &&
    !["cli", "search", "registry"].includes(moduleOf(f.path))
  );
  assert.deepEqual(readers.map((f) => f.path), []);
});

test("a replay family imports itself and what families share, never another family", () => {
  const wrong = FILES.filter((f) => moduleOf(f.path) === "replay").flatMap((f) =>
    f.imports.filter((t) =>
      moduleOf(t) === "replay" && familyOf(t) !== familyOf(f.path) && familyOf(t) !== "shared"
    ).map((t) => `src/${f.path} imports src/${t}`)
  );
  assert.deepEqual(wrong, []);
});

test("a registered file (policy, source, format, workload, chart, eviction) imports no other registered file", () => {
  const registered =
    /^(replay\/[^/]+\/policies|replay\/shared\/evictions|collect\/sources|ingest\/formats|workload\/workloads|report\/charts)\/[^_/][^/]*\.ts$/;
  const wrong = FILES.filter((f) => registered.test(f.path)).flatMap((f) =>
    f.imports.filter((t) => registered.test(t)).map((t) => `src/${f.path} imports src/${t}`)
  );
  assert.deepEqual(wrong, []);
});

test("static imports have no cycle", () => {
  const graph = new Map(
    FILES.map((f) => [f.path, f.staticImports.filter((t) => t.endsWith(".ts"))]),
  );
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      return;
    }
    state.set(path, "open");
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    state.set(path, "done");
  };
  for (const file of FILES) visit(file.path, []);
  assert.deepEqual(cycles, []);
});

test("only src/runtime says Deno. or Bun.", () => {
  const wrong = FILES.filter((f) =>
    moduleOf(f.path) !== "runtime" && /\b(?:Deno|Bun)\./.test(withoutComments(f.text))
  );
  assert.deepEqual(wrong.map((f) => f.path), []);
});

test("only src/store talks to DuckDB", () => {
  const wrong = FILES.filter((f) =>
    moduleOf(f.path) !== "store" && withoutComments(f.text).includes(`"@duckdb/node-api"`)
  );
  assert.deepEqual(wrong.map((f) => f.path), []);
});

test("replays and estimates are pure: no clock, no randomness, no file, no process", () => {
  const wrong = FILES.filter((f) =>
    ["replay", "estimate", "stats", "analyze", "generate", "gate"].includes(moduleOf(f.path)) &&
    /\bDate\.now\(|\bperformance\.now\(|\bMath\.random\(|"node:(?!buffer)/.test(
      withoutComments(f.text),
    )
  );
  assert.deepEqual(wrong.map((f) => f.path), []);
});

test("a file is one idea: no source file is longer than 320 lines", () => {
  // The aim is 250; generated registries are exempt.
  const long = FILES.filter((f) => moduleOf(f.path) !== "registry")
    .map((f) => ({ path: f.path, lines: f.text.split("\n").length }))
    .filter((f) => f.lines > 320);
  assert.deepEqual(long, []);
});
