import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { SPILLWAY, spillway } from "../spillway.ts";

test("a recorded checkpoint writer is killed and verified, and its writes are those of the run", {
  skip: process.platform === "linux" ? false : "recording reads Linux's /proc",
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-record-checkpoint-"));
  try {
    const settings = ["bytes=4MiB", "kills=3", "killWithinMs=300", "iterations=12"]
      .flatMap((s) => ["--set", s]);
    const recorded = spillway(
      ["record", "--name", "ck", "--", ...SPILLWAY, "bench", "checkpoint", "--json", ...settings],
      { cwd: folder },
    );
    assert.equal(recorded.code, 0, recorded.stderr);
    const bench = JSON.parse(recorded.stdout);
    const text = JSON.stringify(bench);
    assert.match(text, /3 kills/);
    const written = bench.phases.reduce(
      (sum: number, phase: { bytesWritten: number }) => sum + phase.bytesWritten,
      0,
    );
    assert.ok(written >= 4 * 2 ** 20, `${written} bytes of checkpoints`);
    const shown = spillway(["show", "ck", "--json"], { cwd: folder });
    assert.equal(shown.code, 0, shown.stderr);
    const { metrics } = JSON.parse(shown.stdout).run;
    // The kernel counts what the killed lives had begun to write too.
    assert.ok(metrics.child_written_bytes.value >= 0.98 * written);
    assert.deepEqual(readdirSync(folder), ["spillway.duckdb"], "nothing is left beside the store");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
