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

/** A copy of the source tree that a test may add files to. */
function withCopy(check: (copy: string) => void): void {
  const copy = mkdtempSync(join(tmpdir(), "spillway-extension-"));
  try {
    for (
      const name of ["src", "traces", "deno.json", "deno.lock", "package.json", "tsconfig.json"]
    ) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
    check(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Generates the registry of a copy and returns how to run its command line. */
function registered(copy: string): (...args: string[]) => string {
  const registry = run(copy, "src/registry/generate.ts");
  assert.equal(registry.status, 0, registry.stderr);
  return (...args) => {
    const done = run(copy, join(copy, "src/main.ts"), ...args);
    assert.equal(done.status, 0, `${args.join(" ")}: ${done.stderr}`);
    return done.stdout;
  };
}

test("adding a policy needs one new file: everything else finds it", () => {
  withCopy((copy) => {
    const policies = join(copy, "src/replay/allocator/policies");
    const before = readdirSync(policies);
    const template = readFileSync(join(policies, "_template.ts"), "utf8");
    // The one new file: the template under another name.
    writeFileSync(
      join(policies, "brand_new.ts"),
      template.replace('name: "template"', 'name: "brand-new"'),
    );
    assert.deepEqual(readdirSync(policies).filter((f) => !before.includes(f)), ["brand_new.ts"]);
    const spillway = registered(copy);
    const replayed = spillway(
      "replay",
      "allocator",
      "traces/chat.jsonl",
      "-p",
      "brand-new,paged",
      "--set",
      "brand-new.slots=2000",
      "--json",
    );
    const { results } = JSON.parse(replayed);
    assert.equal(results[0].policy, "brand-new");
    assert.ok(results[0].metrics.rejected_count.value > 0);
    assert.equal(results[0].legend.summary, "counts the requests that could never fit");
    assert.match(spillway("replay", "allocator", "--help"), /brand-new/);
    assert.match(spillway("explain", "brand-new"), /could never fit/);
    assert.match(
      spillway("complete", "--", "replay", "allocator", "--policy", "bra"),
      /^brand-new/m,
    );
  });
});

/** Never evicts what is there: a full cache takes nothing in. */
const FIRST_COME = `
import type { Eviction } from "../eviction.ts";

export const eviction: Eviction = {
  name: "first-come",
  summary: "keep the first blocks for ever",
  reference: "the test of this registry",
  create({ capacityBlocks }) {
    const held = new Set<number>();
    return {
      has: (block) => held.has(block),
      touch(block, evicted) {
        if (held.has(block)) return true;
        held.add(block);
        if (held.size > capacityBlocks) {
          held.delete(block);
          evicted?.push(block);
        }
        return false;
      },
      remove: (block) => held.delete(block),
      get size() {
        return held.size;
      },
    };
  },
};
`;

test("adding an eviction needs one new file: caches, tiers, help and completions find it", () => {
  withCopy((copy) => {
    writeFileSync(join(copy, "src/replay/shared/evictions/first_come.ts"), FIRST_COME);
    const spillway = registered(copy);
    writeFileSync(
      join(copy, "t.jsonl"),
      [[1], [2], [1], [3], [3], [1]].map((hash_ids, i) =>
        `${
          JSON.stringify({ timestamp: i * 1000, input_length: 512, output_length: 2, hash_ids })
        }\n`
      ).join(""),
    );
    const cache = JSON.parse(
      spillway(
        "replay",
        "cache",
        "t.jsonl",
        "--eviction",
        "first-come",
        "--capacity",
        "2",
        "--json",
      ),
    );
    // 1 and 2 stay; 3 is never taken in.
    assert.equal(cache.results[0].metrics.prefix_hit_blocks.value, 2);
    const offload = JSON.parse(spillway(
      "replay",
      "offload",
      "t.jsonl",
      "-p",
      "kv-offload",
      "--set",
      "eviction=first-come",
      "--gpu-blocks",
      "2",
      "--json",
    ));
    assert.equal(offload.results[0].params.eviction, "first-come");
    assert.ok(offload.results[0].metrics.dram_hit_blocks.value > 0);
    assert.match(spillway("replay", "cache", "--help"), /first-come/);
    assert.match(spillway("explain", "first-come"), /keep the first blocks for ever/);
    assert.match(
      spillway("complete", "--", "replay", "cache", "--eviction", "fir"),
      /^first-come/m,
    );
  });
});
