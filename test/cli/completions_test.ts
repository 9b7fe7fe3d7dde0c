import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPILLWAY, spillway } from "../spillway.ts";

function candidates(...words: string[]): string[] {
  return spillway(["complete", "--", ...words]).stdout.split("\n")
    .filter((line) => line.includes("\t")).map((line) => line.split("\t")[0]);
}

function has(program: string): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

test("a command is completed from its first letters", () => {
  assert.deepEqual(candidates("conf"), ["config"]);
  assert.deepEqual(candidates("config", ""), ["show"]);
});

test("options of a nested command and the values of an enum are completed", () => {
  assert.ok(candidates("config", "show", "--").includes("--origins"));
  assert.deepEqual(candidates("config", "show", "--color", "al"), ["always"]);
});

/** Starts a real shell with the script loaded and asks it what it would complete. */
const SHELLS: readonly [shell: string, args: (script: string) => string[]][] = [
  ["bash", (script) => [
    "--norc",
    "-c",
    `source /usr/share/bash-completion/bash_completion; source ${script};
     COMP_WORDS=(spillway config sh); COMP_CWORD=2; COMP_LINE="spillway config sh"; COMP_POINT=18;
     __spillway_complete; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ]],
  ["fish", (script) => ["--no-config", "-c", `source ${script}; complete -C "spillway config sh"`]],
];

for (const [shell, args] of SHELLS) {
  test(`${shell} completes a nested command with the generated script`, {
    skip: has(shell) ? false : `${shell} is not installed`,
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-completion-"));
    try {
      const script = join(folder, "script");
      writeFileSync(script, spillway(["completions", shell]).stdout);
      const program = join(folder, "spillway");
      writeFileSync(program, `#!/bin/sh\nexec ${SPILLWAY.map((w) => `'${w}'`).join(" ")} "$@"\n`, {
        mode: 0o755,
      });
      const done = spawnSync(shell, args(script), {
        encoding: "utf8",
        env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
      });
      assert.match(done.stdout, /^show/m, done.stderr);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("zsh accepts the generated script", {
  skip: has("zsh") ? false : "zsh is not installed",
}, () => {
  const script = spillway(["completions", "zsh"]).stdout;
  const done = spawnSync("zsh", [
    "-f",
    "-c",
    'autoload -U compinit; compinit -D; eval "$(cat)"; whence -w _spillway',
  ], {
    encoding: "utf8",
    input: script,
  });
  assert.match(done.stdout, /_spillway: function/, done.stderr);
});

test("an unknown shell is a usage error that proposes the nearest", () => {
  const { code, stderr } = spillway(["completions", "bsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /did you mean "bash"/);
});
