import { denoApi } from "../runtime/native.ts";

type Bindings = typeof import("@duckdb/node-bindings");

/**
 * The DuckDB library. Deno's `import()` searches each of its 180 CommonJS files for exports first, which
 * `require` does not (130 instead of 180 ms); a bundler needs the import.
 */
export async function loadDuckDb(): Promise<typeof import("@duckdb/node-api")> {
  if (denoApi() === undefined) return await import("@duckdb/node-api");
  const { createRequire } = await import("node:module");
  return createRequire(import.meta.url)("@duckdb/node-api");
}

/** DuckDB's C interface alone, without the classes over it. */
export async function loadDuckDbBindings(): Promise<Bindings> {
  const deno = denoApi();
  if (deno === undefined) {
    const module = await import("@duckdb/node-bindings") as { default?: unknown };
    return (module.default ?? module) as Bindings;
  }
  const { createRequire } = await import("node:module");
  const require = createRequire(import.meta.url);
  const name = "@duckdb/node-bindings";
  // The package looks for the C library first, for which it loads child processes and more (13 ms); Deno was
  // built for one and knows it.
  return deno.build.target === "x86_64-unknown-linux-gnu"
    ? createRequire(require.resolve(name))(`${name}-linux-x64/duckdb.node`)
    : require(name);
}
