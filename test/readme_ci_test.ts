/** The CI jobs of the README are run as they stand there, in a copy of the repository. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseXml } from "./xml.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");
// The jobs start Deno by npx; another runtime of this test has no Deno to give them.
const skip = process.versions.bun === undefined ? false : "the jobs run Deno";

const copy = mkdtempSync(join(tmpdir(), "spillway-ci-"));
after(() => rmSync(copy, { recursive: true, force: true }));

function job(title: string): string[] {
  const block = new RegExp(
    `^\`\`\`yaml\\n# ${title.replaceAll(".", "\\.")}\\n([\\s\\S]*?)^\`\`\`$`,
    "m",
  )
    .exec(README)?.[1];
  assert.ok(block !== undefined, `the README has no ${title}`);
  // Plain scalars on one line: what both systems hand to the shell.
  return [...block.matchAll(/^\s+- (?:run: )?((?:npx|if) .*)$/gm)].map((m) => m[1]);
}

/** A program called npx that starts this Deno instead of fetching one. */
function offlineNpx(): string {
  const bin = join(copy, "bin");
  if (!existsSync(bin)) {
    mkdirSync(bin);
    const script = `#!/bin/sh\n[ "$1 $2" = "--yes deno@2.9.6" ] || exit 99\nshift 2\n` +
      `exec "${process.execPath}" "$@"\n`;
    writeFileSync(join(bin, "npx"), script);
    chmodSync(join(bin, "npx"), 0o755);
    for (const name of ["src", "traces", "deno.json", "deno.lock", "package.json"]) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  }
  return bin;
}

function shell(line: string) {
  const bin = offlineNpx();
  return spawnSync("sh", ["-ec", line], {
    cwd: copy,
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      GITHUB_STEP_SUMMARY: join(copy, "summary.md"),
      NO_COLOR: "1",
    },
  });
}

/** Runs the lines of a job one by one, until one fails; gives the last one's result. */
function runJob(lines: readonly string[]) {
  rmSync(join(copy, "spillway.duckdb"), { force: true });
  for (const line of lines) {
    const done = shell(line);
    if (done.status !== 0) return { line, ...done };
  }
  return { line: "", status: 0, stdout: "", stderr: "" };
}

/** A change that makes the replay worse: a model with far larger caches. */
const worse = (lines: readonly string[]) =>
  lines.map((line) => line.replace(/replay offload (\S+)/, "replay offload $1 --llm llama-2-7b"));

test("the README's baseline command makes the file that its jobs compare with", { skip }, () => {
  const spillway = "npx --yes deno@2.9.6 task spillway";
  const made = shell(`${spillway} replay offload traces/chat.jsonl --save main`);
  assert.equal(made.status, 0, made.stderr);
  assert.ok(README.includes("baseline save main main -o baseline.json"));
  const saved = shell(`${spillway} baseline save main main -o baseline.json`);
  assert.equal(saved.status, 0, saved.stderr);
});

test("the GitHub job passes without a change and fails with one", { skip }, () => {
  const lines = job(".github/workflows/spillway.yml");
  assert.ok(lines.length >= 2);
  const same = runJob(lines);
  assert.equal(same.status, 0, `${same.line}\n${same.stdout}${same.stderr}`);
  const summary = readFileSync(join(copy, "summary.md"), "utf8");
  assert.match(summary, /## Spillway gate: passed/);
  const changed = runJob(worse(lines));
  assert.match(changed.line, /gate/);
  assert.equal(changed.status, 1, changed.stderr);
  assert.match(changed.stdout, /^::error title=spillway /m);
});

test("the GitLab job leaves the reports that GitLab reads", { skip }, () => {
  const lines = job(".gitlab-ci.yml");
  assert.ok(lines.length >= 2);
  const same = runJob(lines);
  assert.equal(same.status, 0, `${same.line}\n${same.stdout}${same.stderr}`);
  assert.equal(parseXml(readFileSync(join(copy, "junit.xml"), "utf8")).name, "testsuites");
  assert.deepEqual(JSON.parse(readFileSync(join(copy, "quality.json"), "utf8")), []);
  const changed = runJob(worse(lines));
  assert.equal(changed.status, 1, changed.stderr);
  assert.ok(JSON.parse(readFileSync(join(copy, "quality.json"), "utf8")).length > 0);
});
