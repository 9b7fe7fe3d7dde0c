import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Runs a file of the copy under the runtime of this test. */
function run(copy: string, ...args: string[]) {
  const [program, ...first] = process.versions.bun === undefined
    ? [process.execPath, "run", "-A", "--quiet"]
    : [process.execPath];
  return spawnSync(program, [...first, ...args], {
    cwd: copy,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", COLUMNS: "80" },
  });
}

test("adding a policy needs one new file: everything else finds it", () => {
  const copy = mkdtempSync(join(tmpdir(), "spillway-extension-"));
  try {
    for (
      const name of ["src", "traces", "deno.json", "deno.lock", "package.json", "tsconfig.json"]
    ) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
    const policies = join(copy, "src/replay/allocator/policies");
    const before = readdirSync(policies);
    const template = readFileSync(join(policies, "_template.ts"), "utf8");
    // The one new file: the template under another name.
    writeFileSync(
      join(policies, "brand_new.ts"),
      template.replace('name: "template"', 'name: "brand-new"'),
    );
    assert.deepEqual(readdirSync(policies).filter((f) => !before.includes(f)), ["brand_new.ts"]);
    const registry = run(copy, "src/registry/generate.ts");
    assert.equal(registry.status, 0, registry.stderr);
    const main = join(copy, "src/main.ts");
    const replayed = run(
      copy,
      main,
      "replay",
      "allocator",
      "traces/chat.jsonl",
      "-p",
      "brand-new,paged",
      "--set",
      "brand-new.slots=2000",
      "--json",
    );
    assert.equal(replayed.status, 0, replayed.stderr);
    const { results } = JSON.parse(replayed.stdout);
    assert.equal(results[0].policy, "brand-new");
    assert.ok(results[0].metrics.rejected_count.value > 0);
    assert.equal(results[0].legend.summary, "counts the requests that could never fit");
    assert.match(run(copy, main, "replay", "allocator", "--help").stdout, /brand-new/);
    assert.match(run(copy, main, "explain", "brand-new").stdout, /could never fit/);
    assert.match(
      run(copy, main, "complete", "--", "replay", "allocator", "--policy", "bra").stdout,
      /^brand-new/m,
    );
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
