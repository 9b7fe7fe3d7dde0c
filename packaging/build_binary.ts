/**
 * Builds one executable file with Bun: `bun packaging/build_binary.ts [OUTFILE]`.
 *
 * Bun embeds a `.node` file but not the shared library beside it, and unpacks the former alone, so a plain
 * build dies at start with "libduckdb.so: cannot open shared object file" (oven-sh/bun#17312). The
 * plugin replaces DuckDB's binding by a module that embeds both files, writes them to a cache folder on
 * first use and loads them from there.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

// Typed here because the type checker of the other runtime does not know Bun.
interface BunBuilder {
  build(options: Record<string, unknown>): Promise<{ success: boolean; logs: unknown[] }>;
}
const bun = (globalThis as unknown as { Bun?: BunBuilder }).Bun;

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Folder of DuckDB's native files for this platform. */
function bindingFolder(): string {
  const fromApi = createRequire(
    createRequire(join(ROOT, "package.json")).resolve("@duckdb/node-api"),
  );
  const fromBindings = createRequire(fromApi.resolve("@duckdb/node-bindings"));
  const name = `@duckdb/node-bindings-${process.platform}-${process.arch}/duckdb.node`;
  return dirname(fromBindings.resolve(name));
}

function shim(folder: string): string {
  const library = process.platform === "darwin" ? "libduckdb.dylib" : "libduckdb.so";
  return `
import addon from ${JSON.stringify(join(folder, "duckdb.node"))} with { type: "file" };
import library from ${JSON.stringify(join(folder, library))} with { type: "file" };
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
const folder = join(base, "spillway", "duckdb-" + process.env.SPILLWAY_DUCKDB_TAG);
mkdirSync(folder, { recursive: true });
function unpack(from, name) {
  const bytes = readFileSync(from);
  const target = join(folder, name);
  if (existsSync(target) && statSync(target).size === bytes.length) return target;
  // Written aside and renamed: two first starts at once must not see half a library.
  const part = target + "." + process.pid;
  writeFileSync(part, bytes, { mode: 0o755 });
  renameSync(part, target);
  return target;
}
unpack(library, ${JSON.stringify(library)});
const module = { exports: {} };
process.dlopen(module, unpack(addon, "duckdb.node"));
export default module.exports;
`;
}

/** What a report inlines, as texts inside the executable instead of files beside it. */
function browserCodeShim(): string {
  const beside = (name: string, file: string) =>
    JSON.stringify(join(ROOT, "node_modules", name, "build", file));
  return `
import vega from ${beside("vega", "vega.min.js")} with { type: "text" };
import interpreter from ${beside("vega-interpreter", "vega-interpreter.js")} with { type: "text" };
export const browserCode = () => ({ vega, interpreter });
`;
}

async function main(): Promise<number> {
  if (bun === undefined) {
    console.error("packaging/build_binary.ts: run it with bun");
    return 2;
  }
  const outfile = resolve(process.argv[2] ?? "spillway");
  const folder = bindingFolder();
  const built = await bun.build({
    entrypoints: [join(ROOT, "src/main.ts")],
    compile: { outfile },
    define: { "process.env.SPILLWAY_DUCKDB_TAG": JSON.stringify("1.5.5-r.5") },
    plugins: [{
      name: "duckdb-native",
      setup(builder: {
        onResolve(filter: { filter: RegExp }, callback: () => unknown): void;
        onLoad(
          filter: { filter: RegExp; namespace: string },
          callback: (file: { path: string }) => unknown,
        ): void;
      }) {
        builder.onResolve({ filter: /^@duckdb\/node-bindings$/ }, () => ({
          path: "duckdb-native",
          namespace: "spillway",
        }));
        // The registry hides its imports from Deno; a bundler must see them.
        builder.onLoad({ filter: /src\/registry\/[a-z]+\.ts$/, namespace: "file" }, (file) => ({
          contents: readFileSync(file.path, "utf8").replace(
            /import\(late\((\s*"[^"]+"),?\s*\)\)/g,
            "import($1)",
          ),
          loader: "ts",
        }));
        builder.onLoad({ filter: /src\/runtime\/browser_code\.ts$/, namespace: "file" }, () => ({
          contents: browserCodeShim(),
          loader: "js",
        }));
        builder.onLoad({ filter: /.*/, namespace: "spillway" }, () => ({
          contents: shim(folder),
          loader: "js",
          resolveDir: ROOT,
        }));
      },
    }],
  });
  if (!built.success) {
    console.error(built.logs.join("\n"));
    return 1;
  }
  console.log(outfile);
  return 0;
}

process.exitCode = await main();
