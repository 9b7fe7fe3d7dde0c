import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { SPILLWAY } from "../spillway.ts";

/** Packages that take longer to load than the quick commands may take altogether. */
const HEAVY = /node_modules\/[^\s]*(zod|duckdb|vega|arquero)/g;

/** Heavy packages that Deno reads for a command: it says so when it logs at this level. */
function loadedBy(args: readonly string[], cwd: string): string[] {
  const [program, ...rest] = SPILLWAY;
  const main = rest[rest.length - 1];
  const run = ["run", "-A", "--log-level=debug", main, ...args];
  const done = spawnSync(program, run, { cwd, encoding: "utf8", maxBuffer: 2 ** 28 });
  assert.equal(done.status, 0, done.stderr.slice(-500));
  assert.match(done.stderr, /cli\/main\.ts/, "the log names the modules that are loaded");
  return [...new Set([...done.stderr.matchAll(HEAVY)].map((m) => m[1]))].sort();
}

test(
  "help, ls without a store and completions load no schema and no database",
  { skip: process.versions.bun !== undefined && "the log of modules is Deno's" },
  () => {
    const cwd = mkdtempSync(join(tmpdir(), "spillway-start-"));
    try {
      assert.deepEqual(loadedBy(["--help"], cwd), []);
      assert.deepEqual(loadedBy(["ls"], cwd), []);
      assert.deepEqual(loadedBy(["completions", "bash"], cwd), []);
      // The pattern does find what a command loads: the schema command needs zod.
      assert.ok(loadedBy(["schema", "ls"], cwd).includes("zod"));
    } finally {
      rmSync(cwd, { recursive: true });
    }
  },
);
