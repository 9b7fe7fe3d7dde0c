import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { hardwareProfileSchema } from "../../src/model/profiles/hardware.ts";
import { summarise } from "../../src/workload/calibrate/measurement.ts";
import { command as calibrateCommand } from "../../src/cli/commands/calibrate.ts";
import { STORAGE_PLAN } from "../../src/workload/calibrate/storage_plan.ts";
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

const hasFio = spawnSync("fio", ["--version"]).status === 0;

test("calibrate with fio measures every point of the plan with spread, method and date", {
  skip: !hasFio,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-calibrate-"));
  try {
    const quick = ["--size", "4MiB", "--repeats", "1", "--seconds", "30ms", "--force", "--json"];
    const done = spillway(["calibrate", ...quick, "--quiet"], { cwd: folder });
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(readdirSync(folder), ["this-machine.json"]);
    const profile = hardwareProfileSchema.parse(
      JSON.parse(readFileSync(join(folder, "this-machine.json"), "utf8")),
    );
    const points = profile.ssds[0].points!;
    assert.equal(points.length, STORAGE_PLAN.length);
    assert.ok(new Set(points.map((p) => p.queueDepth)).size >= 3);
    assert.ok(new Set(points.map((p) => p.blockBytes)).size >= 3);
    assert.deepEqual([...new Set(points.map((p) => p.cache))], ["direct", "page-cache"]);
    for (const { bytesPerSecond: q } of points) {
      assert.ok(q.value > 0 && "asOf" in q && /^\d{4}-\d\d-\d\d$/.test(q.asOf!));
      assert.ok("low" in q && q.low! <= q.value && q.value <= q.high!);
      assert.match(q.source, /^fio-.*O_DIRECT|^fio-.*page cache/);
    }
    assert.ok(profile.ssds[0].fsyncSeconds!.value > 0);
    assert.ok(profile.cpu!.matmulFlops.value > 1e6);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("calibrate without fio on the path says so in one sentence and labels its own figures", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-calibrate-"));
  try {
    const done = spillway(
      ["calibrate", "--size", "4MiB", "--repeats", "1", "--force", "--json", "--quiet"],
      { cwd: folder, env: { PATH: folder } },
    );
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, /fio is not installed/);
    const profile = JSON.parse(readFileSync(join(folder, "this-machine.json"), "utf8"));
    assert.match(profile.ssds[0].readBytesPerSecond.source, /our own reader and writer/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("imported measurements stand in place of measuring, and the GPU comes from a named profile", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-calibrate-"));
  try {
    writeFileSync(
      join(folder, "nv.json"),
      JSON.stringify({
        nvbandwidth: {
          testcases: [
            { name: "host_to_device_memcpy_ce", status: "Passed", bandwidth_matrix: [["26.5"]] },
          ],
        },
      }),
    );
    const done = spillway([
      "calibrate",
      "--import",
      "nv.json",
      "--gpu",
      "a100_sxm",
      "--no-storage",
      "--repeats",
      "1",
      "--force",
      "--quiet",
    ], { cwd: folder });
    assert.equal(done.code, 0, done.stderr);
    const profile = hardwareProfileSchema.parse(
      JSON.parse(readFileSync(join(folder, "this-machine.json"), "utf8")),
    );
    assert.equal(profile.links.hostToDevice!.value, 26.5e9);
    assert.equal(profile.links.hostToDevice!.evidence, "measured");
    assert.equal(profile.gpu!.key, "a100_sxm");
    const bad = spillway(["calibrate", "--import", "this-machine.json", "--force"], {
      cwd: folder,
    });
    assert.equal(bad.code, 4);
    assert.match(bad.stderr, /no output of nvbandwidth, gdsio, nixlbench or fio/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
