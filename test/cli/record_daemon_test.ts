import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { SOURCES } from "../../src/registry/sources.ts";
import { needsShared, sharedPath } from "../shared.ts";
import { spillway } from "../spillway.ts";

const skip = process.platform === "linux" ? false : "recording reads Linux's /proc";

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "spillway-daemon-"));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test(
  "doctor --json lists every source, and what is not read says why and what to do",
  { skip },
  () => {
    const done = spillway(["doctor", "--json"]);
    const { sources } = JSON.parse(done.stdout) as {
      sources: { name: string; status: string; reason: string | null; remedy: string | null }[];
    };
    assert.deepEqual(sources.map((s) => s.name).sort(), SOURCES.map((s) => s.name).sort());
    for (const { name, status, reason } of sources) {
      assert.match(status, /^(ok|partial|absent|denied)$/, name);
      if (status !== "ok") assert.ok(reason !== null && reason !== "", name);
    }
    for (const name of ["nvml", "nvidia-smi", "nvidia-fs"]) {
      const source = sources.find((s) => s.name === name)!;
      if (source.status !== "ok") assert.ok(source.remedy !== null, name);
    }
  },
);

test(
  "a rotated recording leaves one run a part, and its spools are stored",
  { skip },
  () =>
    inFolder((folder) => {
      const done = spillway([
        "record",
        ...["--name", "d", "--rotate", "64KiB", "--keep", "3", "--interval", "10ms"],
        ...["--duration", "8s", "--live", "--quiet"],
      ], { cwd: folder });
      assert.equal(done.code, 0, done.stderr);
      const listed = JSON.parse(spillway(["ls", "--json"], { cwd: folder }).stdout);
      const names: string[] = listed.entries.map((run: { name: string }) => run.name);
      assert.ok(names.length >= 2 && names.length <= 3, names.join());
      assert.ok(names.every((name) => /^d-\d+$/.test(name)), names.join());
      assert.deepEqual(readdirSync(folder).filter((f) => f.endsWith(".spool")), []);
    }),
);

test("show takes a part of a run, by time or between marks, and refuses a part that is not there", {
  skip,
}, () =>
  inFolder((folder) => {
    const script = "sleep 0.5; echo begin >> $SPILLWAY_MARKS; sleep 1; " +
      "echo end >> $SPILLWAY_MARKS; sleep 0.5";
    const done = spillway(["record", "--name", "w", "--", "sh", "-c", script], { cwd: folder });
    assert.equal(done.code, 0, done.stderr);
    const show = (...args: string[]) => spillway(["show", "w", "--json", ...args], { cwd: folder });
    const between = show("--between", "begin,end");
    assert.equal(between.code, 0, between.stderr);
    const whole = JSON.parse(show().stdout).run.metrics.cpu_busy_seconds.value;
    const part = JSON.parse(between.stdout).run.metrics.cpu_busy_seconds.value;
    assert.ok(part < whole, `${part} of ${whole}`);
    assert.equal(show("--window", "0.2s..1.2s").code, 0);
    const missing = show("--between", "begin,never");
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /never/);
  }));

test("topo reads a recorded server and names what is downgraded", {
  skip: needsShared("fixtures/lspci"),
}, () => {
  const file = readdirSync(sharedPath("fixtures/lspci")).sort()[0];
  const done = spillway(["topo", "--from", sharedPath(`fixtures/lspci/${file}`), "--all"]);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /device\s+kind\s+name\s+link now/);
});
