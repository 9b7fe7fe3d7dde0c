import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hardwareProfileSchema } from "../../src/model/profiles/hardware.ts";
import { summarise } from "../../src/workload/calibrate/measurement.ts";
import { command as calibrateCommand } from "../../src/cli/commands/calibrate.ts";
import { spillway } from "../spillway.ts";

test("repeats are summarised by their median and range", () => {
  const odd = summarise("x", "seconds", [3, 1, 2], "m");
  assert.deepEqual([odd.value, odd.low, odd.high, odd.repeats], [2, 1, 3, 3]);
  assert.equal(summarise("x", "seconds", [4, 1, 2, 3], "m").value, 2.5);
  assert.throws(() => summarise("x", "seconds", [], "m"), RangeError);
});

test("calibrate without fio writes a profile that replays accept, and leaves no other file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-calibrate-"));
  try {
    const done = spillway(
      ["calibrate", "--no-fio", "--size", "8MiB", "--repeats", "2", "--force", "--json", "--quiet"],
      { cwd: folder },
    );
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(readdirSync(folder), ["this-machine.json"]);
    const profile = JSON.parse(readFileSync(join(folder, "this-machine.json"), "utf8"));
    const parsed = hardwareProfileSchema.parse(profile);
    assert.equal(parsed.ssds[0].readBytesPerSecond.evidence, "measured");
    assert.ok(parsed.ssds[0].writeBytesPerSecond.value > 0);
    assert.equal(parsed.gpu, null);
    assert.deepEqual(JSON.parse(done.stdout).profile, profile);
    (await calibrateCommand.output!()).parse(JSON.parse(done.stdout));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("calibrate into a folder that is not there ends with exit code 5 and one sentence", () => {
  const done = spillway([
    "calibrate",
    "--no-fio",
    "--size",
    "1MiB",
    "--repeats",
    "1",
    "--force",
    "-o",
    "/nonexistent/x.json",
  ]);
  assert.equal(done.code, 5);
  assert.match(done.stderr, /\/nonexistent\/x\.json cannot be written/);
});
