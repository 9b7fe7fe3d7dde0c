import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { command } from "../../src/cli/commands/demo.ts";
import { spillway } from "../spillway.ts";

// One runtime is enough for it: every part of the way is tested on both by itself.
const skip = process.versions.bun === undefined ? false : "the demo is run on Deno";

test(
  "the demo goes the whole way and leaves a report of everything it made",
  { skip, timeout: 180_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-demo-"));
    try {
      const done = spillway(["demo", "--directory", "out", "--json", "--quiet"], {
        cwd: folder,
        timeoutMs: 170_000,
      });
      assert.equal(done.code, 0, done.stderr);
      assert.equal(done.stderr, "", "--quiet is quiet");
      const document = JSON.parse(done.stdout);
      (await command.output!()).parse(document);
      const page = readFileSync(join(folder, document.report), "utf8");
      for (const id of ["r1", "p1", "p2", "p3", "e1", "e2", "wear", "assumptions", "reproduce"]) {
        assert.ok(page.includes(`<section id="${id}"`), id);
      }
      const keys = document.steps.map((s: { key: string }) => s.key);
      assert.deepEqual(
        ["record", "allocator", "offload", "fault"].filter((k) => !keys.includes(k)),
        [],
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
