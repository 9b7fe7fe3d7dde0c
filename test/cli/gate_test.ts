import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { spillway } from "../spillway.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-gate-"));
cpSync(fileURLToPath(new URL("../../traces", import.meta.url)), join(folder, "traces"), {
  recursive: true,
});
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => spillway(args, { cwd: folder });
const REPLAY = ["replay", "allocator", "traces/chat.jsonl", "-p", "paged", "--quiet"];

test("a replay is saved, made the baseline, and gated against itself", () => {
  assert.equal(run(...REPLAY, "--save", "first").code, 0);
  assert.equal(run("baseline", "save", "main", "first").code, 0);
  assert.match(run("baseline", "ls").stdout, /b1 +main/);
  const gated = run("gate", "first", "--baseline", "main", "--json");
  assert.equal(gated.code, 0, gated.stderr);
  const verdict = JSON.parse(gated.stdout);
  assert.equal(verdict.verdict, "pass");
  assert.ok(verdict.rules.length >= 3);
  assert.ok(verdict.rules.every((r: { reason: string }) => r.reason === "unchanged"));
});

test("a worse replay fails with exit code 1, in every format", () => {
  assert.equal(run(...REPLAY, "--set", "blockTokens=256", "--save", "worse").code, 0);
  for (const format of ["text", "json", "markdown", "junit", "openmetrics", "github", "gitlab"]) {
    const gated = run("gate", "worse", "--baseline", "main", "--format", format);
    assert.equal(gated.code, 1, format);
    assert.ok(gated.stdout.includes("waste_ratio"), format);
  }
});

test("baseline use makes a gate compare with it, and keeps the rest of spillway.json", () => {
  assert.equal(run("baseline", "use", "main").code, 0);
  assert.equal(
    JSON.parse(readFileSync(join(folder, "spillway.json"), "utf8")).gate.baseline,
    "main",
  );
  assert.equal(run("gate", "worse").code, 1);
  assert.equal(run("gate", "first").code, 0);
  assert.equal(run("baseline", "use", "nothing-like-it").code, 4);
});

test("a metric that is not there is inconclusive: 0, or 3 under --strict, never passed", () => {
  const loose = run("gate", "first", "--budget", "no_such_metric<1", "--json");
  assert.equal(loose.code, 0);
  assert.equal(JSON.parse(loose.stdout).verdict, "inconclusive");
  assert.equal(run("gate", "first", "--budget", "no_such_metric<1", "--strict").code, 3);
});

test("a baseline as a file works without the store entry, and a damaged one is refused", () => {
  assert.equal(run("baseline", "save", "main", "first", "-o", "base.json").code, 0);
  assert.equal(run("gate", "worse", "--baseline", "base.json").code, 1);
  assert.equal(run("gate", "worse", "--baseline", "traces/chat.jsonl.json").code, 4);
});

test("a gate without any rule and one about nothing are told so", () => {
  assert.equal(spillway(["gate", "first"], { cwd: tmpdir() }).code, 2);
  assert.equal(run("gate", "p99", "--budget", "x<1").code, 4);
  assert.equal(run("gate", "first", "--budget", "nonsense").code, 2);
});

test("show prints a baseline and a verdict as tables, not as documents", () => {
  assert.equal(run("baseline", "save", "kept", "first").code, 0);
  const baseline = run("show", "kept").stdout;
  assert.match(baseline, /metric +runs +low +median +high +evidence/);
  assert.match(baseline, /waste_ratio +1 +\S+ % +\S+ % +\S+ % +replayed/);
  assert.doesNotMatch(baseline, /[{}]/);
  run("gate", "worse", "--budget", "waste_ratio<1e-9", "--save", "judged");
  const verdict = run("show", "judged").stdout;
  assert.match(verdict, /fail +waste_ratio .* \+\S+ %/);
  // A change too small for four digits is shown with all of them.
  const small = /fail: (\S+): (\S+) -> (\S+),/.exec(verdict)!;
  assert.notEqual(small[2], small[3]);
  assert.match(verdict, /gate: fail \(exit code 1\)/);
});

test("compare shows what differs between two entries", () => {
  const { code, stdout } = run("compare", "first", "worse");
  assert.equal(code, 0);
  assert.match(stdout, /waste_ratio +\S+ % +\S+ % +.*worse/);
});
