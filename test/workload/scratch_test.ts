import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withScratch } from "../../src/workload/scratch.ts";

test("a scratch folder is there during the work and gone after it, also after an error", async () => {
  const parent = mkdtempSync(join(tmpdir(), "spillway-scratch-test-"));
  try {
    let seen = "";
    await withScratch(parent, 1, (folder) => {
      seen = folder;
      writeFileSync(join(folder, "x"), "y");
      return Promise.resolve();
    });
    assert.ok(seen !== "" && !existsSync(seen));
    await assert.rejects(withScratch(parent, 1, () => Promise.reject(new Error("boom"))), /boom/);
    assert.deepEqual(readdirSync(parent), []);
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});

test("what a killed process left behind is removed by the next one", async () => {
  const parent = mkdtempSync(join(tmpdir(), "spillway-scratch-test-"));
  try {
    // No process has this number: Linux's largest is 4,194,304.
    const abandoned = join(parent, ".spillway-scratch-4999999-abc");
    mkdirSync(abandoned);
    await withScratch(parent, 1, () => Promise.resolve());
    assert.ok(!existsSync(abandoned));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});

test("too little space is refused before anything is written", async () => {
  await assert.rejects(
    withScratch(tmpdir(), 1e18, () => Promise.reject(new Error("must not run"))),
    { kind: "environment", message: /are needed/ },
  );
});

test("a folder that does not exist is refused with its name", async () => {
  await assert.rejects(withScratch("/nonexistent-folder", 1, () => Promise.resolve()), {
    kind: "environment",
    message: /\/nonexistent-folder/,
  });
});
