import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { EXIT_CODES } from "../../src/model/exit_codes.ts";
import { COMMANDS } from "../../src/registry/commands.ts";
import { spillway } from "../spillway.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-man-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const page = join(folder, "spillway.1");
const done = spillway(["man"]);
writeFileSync(page, done.stdout);

const installed = (program: string, ...args: string[]) =>
  spawnSync(program, args).error === undefined ? false : `${program} is not installed`;

test("the manual page has every command and exit code", () => {
  assert.equal(done.code, 0, done.stderr);
  for (const { name } of COMMANDS) {
    assert.ok(done.stdout.includes(`.SS "spillway ${name.replaceAll("-", "\\-")}"`), name);
  }
  for (const { code } of EXIT_CODES) assert.match(done.stdout, new RegExp(`^\\.B ${code}$`, "m"));
});

test("mandoc finds no mistake in the manual page", {
  skip: installed("mandoc", "-T", "lint", "/dev/null"),
}, () => {
  const { stdout, stderr } = spawnSync("mandoc", ["-T", "lint", "-W", "warning", page], {
    encoding: "utf8",
  });
  // The page has no date, so that a release is built to the same bytes whenever it is built.
  const found = `${stdout}${stderr}`.split("\n").filter((line) =>
    line !== "" && !/missing date/.test(line)
  );
  assert.deepEqual(found, []);
});

test("man shows the page at 80 columns without a warning, no line wider", {
  skip: installed("man", "--version"),
}, () => {
  const shown = spawnSync("man", ["--warnings", "-l", page], {
    encoding: "utf8",
    env: {
      ...process.env,
      MANWIDTH: "80",
      MANPAGER: "cat",
      LC_ALL: "C.UTF-8",
      MAN_KEEP_FORMATTING: "",
    },
  });
  assert.equal(shown.status, 0, shown.stderr);
  assert.equal(shown.stderr, "");
  // Some systems come without the macros of groff; then nothing is laid out.
  if (!/SYNOPSIS/.test(shown.stdout)) return;
  // deno-lint-ignore no-control-regex
  const plain = shown.stdout.replace(/.\x08/g, "");
  assert.match(plain, /spillway record\n/);
  const examples = plain.split("\n").filter((line) => line.length > 80);
  for (const line of examples) {
    assert.match(line, /spillway|--/, `only a command is not broken: ${line}`);
  }
});
