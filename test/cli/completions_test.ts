import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
  assert.deepEqual(candidates("config", "show", "--color=al"), ["--color=always"]);
  assert.deepEqual(candidates("config", "show", "--json=al"), []);
});

test("the values of a list keep what stands before the comma and offer nothing twice", () => {
  const values = candidates("replay", "offload", "-p", "recompute,");
  assert.ok(values.includes("recompute,hcache"));
  assert.ok(!values.includes("recompute,recompute"));
});

test("words of options are not taken for arguments, and behind -- stand files", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-completion-"));
  try {
    writeFileSync(join(folder, "trace.jsonl"), "");
    writeFileSync(join(folder, ".hidden"), "");
    mkdirSync(join(folder, "traces"));
    const own = ["trace.jsonl", "traces/"].map((name) => join(folder, name));
    const word = `${folder}/`;
    assert.deepEqual(candidates("replay", "offload", "--color", "never", word), own);
    assert.deepEqual(candidates("record", "--", "x", word), own);
    assert.deepEqual(candidates("replay", "offload", "--store", word), own);
    assert.deepEqual(candidates("replay", "offload", `${word}.`), [join(folder, ".hidden")]);
    assert.deepEqual(candidates("replay", "offload", "--seed", word), []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What bash offers in the place of the last of its words, which it breaks at "=" and ":" too. */
function inBash(script: string, words: readonly string[], line: string): string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  return [
    "--norc",
    "-c",
    `source ${script}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
     COMP_LINE='${line}'; COMP_POINT=${line.length}
     _spillway spillway; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ];
}

/** Starts a real shell with the script loaded and asks it what it would complete. */
const SHELLS: readonly [shell: string, args: (script: string) => string[]][] = [
  ["bash", (script) => inBash(script, ["spillway", "config", "sh"], "spillway config sh")],
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

test("bash gets only what follows a break of its own, and names that cannot do harm", {
  skip: has("bash") ? false : "bash is not installed",
}, () => {
  withProgram("bash", (folder, script) => {
    const offered = (words: readonly string[], line: string) =>
      spawnSync("bash", inBash(script, words, line), {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
      }).stdout.trim().split("\n");
    const show = ["spillway", "config", "show", "--color"];
    assert.deepEqual(offered([...show, "=", "al"], "spillway config show --color=al"), ["always"]);
    assert.deepEqual(
      offered([...show, "="], "spillway config show --color="),
      ["auto", "always", "never"],
    );
    assert.deepEqual(
      offered(["spillway", "config", "show", ""], "spillway config show ").at(0),
      "",
    );
    writeFileSync(join(folder, "a b$(touch harm).csv"), "");
    const [name] = offered(["spillway", "import", "a"], "spillway import a");
    const echoed = spawnSync("bash", ["-c", `printf %s ${name}`], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.equal(echoed.stdout, "a b$(touch harm).csv");
    assert.deepEqual(offered(["spillway", "import", "a\\ b"], "spillway import a\\ b"), [name]);
    // What stands on the line is handed over, never run.
    offered(["spillway", "import", "$(touch", "harm)x"], "spillway import $(touch harm)x");
    assert.ok(!existsSync(join(folder, "harm")));
  });
});

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
wait_for ins
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
    // deno-lint-ignore no-control-regex
    const typed = done.stdout.replace(/\x1b\[[0-9;?]*[A-Za-z]|[\x07\b]/g, "");
    assert.match(typed, /spillway config show +--origins/, done.stderr);
  });
});

test("an unknown shell is a usage error that proposes the nearest", () => {
  const { code, stderr } = spillway(["completions", "bsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /did you mean "bash"/);
});
