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

/** Runs the body in a folder with a program called spillway and the script of a shell. */
function withProgram(shell: string, body: (folder: string, script: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "spillway-completion-"));
  try {
    const script = join(folder, "script");
    writeFileSync(script, spillway(["completions", shell]).stdout);
    const program = `#!/bin/sh\nexec ${SPILLWAY.map((w) => `'${w}'`).join(" ")} "$@"\n`;
    writeFileSync(join(folder, "spillway"), program, { mode: 0o755 });
    body(folder, script);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const [shell, args] of SHELLS) {
  test(`${shell} completes a nested command with the generated script`, {
    skip: has(shell) ? false : `${shell} is not installed`,
  }, () => {
    withProgram(shell, (folder, script) => {
      const done = spawnSync(shell, args(script), {
        encoding: "utf8",
        env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
      });
      assert.match(done.stdout, /^show/m, done.stderr);
    });
  });
}

/** Types into an interactive zsh on a pseudo-terminal, presses Tab and gives back what the line became. */
const ZSH = `
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PS1= ; autoload -U compinit; compinit -D -u; source $1; echo rea''dy"
zpty -r -m shell line '*ready*'
zpty -w -n shell $'spillway config sh\\t'
typeset seen=
wait_for() {
  repeat 150; do
    sleep 0.1
    while zpty -r -t shell chunk; do seen+=$chunk; done
    [[ $seen == *$1* ]] && break
  done
}
wait_for ow
zpty -w -n shell $'--orig\\t'
wait_for --origins
print -r -- "$seen"
zpty -d shell
`;

test("zsh completes a nested command and an option when Tab is pressed", {
  skip: has("zsh") ? false : "zsh is not installed",
}, () => {
  withProgram("zsh", (folder, script) => {
    const done = spawnSync("zsh", ["-f", "-c", ZSH, "zsh", script], {
      encoding: "utf8",
      timeout: 60_000,
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, TERM: "xterm" },
    });
    assert.match(done.stdout, /spillway config show[^]*--origins/, done.stderr);
  });
});

test("an unknown shell is a usage error that proposes the nearest", () => {
  const { code, stderr } = spillway(["completions", "bsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /did you mean "bash"/);
});
