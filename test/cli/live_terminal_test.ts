/** `record --live` in a real terminal of 80 columns: the view stays on its lines, the command's output stays whole. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { SPILLWAY } from "../spillway.ts";

const ROWS = 24;
const hasTmux = spawnSync("tmux", ["-V"]).error === undefined;
const LINES = 60;

/** More than a screen of lines, a pause in which the view is looked at, and more lines. */
const SCRIPT = `i=1
while [ $i -le ${LINES / 2} ]; do echo "line $i of the command"; i=$((i+1)); done
touch asked
while [ ! -e told ]; do sleep 0.05; done
while [ $i -le ${LINES} ]; do echo "line $i of the command"; i=$((i+1)); sleep 0.02; done
exit 3
`;

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

test("record --live keeps to the last lines of the terminal and eats none of the command's", {
  skip: hasTmux ? false : "tmux is not installed",
  timeout: 110_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-screen-"));
  const server = `spillway-live-${process.pid}`;
  const tmux = (...args: string[]) =>
    spawnSync("tmux", ["-L", server, "-f", "/dev/null", ...args], { encoding: "utf8" }).stdout;
  const screen = () => tmux("capture-pane", "-p").split("\n").slice(0, ROWS);
  const until = async <T>(what: string, find: () => T | null): Promise<T> => {
    for (let i = 0; i < 1000; i++) {
      const found = find();
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`never seen: ${what}\n${screen().join("\n")}`);
  };
  try {
    writeFileSync(join(folder, "work.sh"), SCRIPT);
    const line = [...SPILLWAY, "record", "--live", "--name", "seen", "--", "sh", "work.sh"];
    const command = `cd ${quoted(folder)}; ${
      line.map(quoted).join(" ")
    }; echo "ended with $?" > code; sleep 600`;
    tmux("new-session", "-d", "-x", "80", "-y", String(ROWS), command);

    await until("the command's pause", () => existsSync(join(folder, "asked")) ? true : null);
    // The view is redrawn in its place: one rule, always in the same row, over changing seconds.
    const times = new Set<string>();
    await until("two drawings of the view", () => {
      const rows = screen();
      const rules = rows.flatMap((row, i) => /^─{80}$/.test(row) ? [i] : []);
      if (rules.length === 0) return null;
      assert.deepEqual(rules, [ROWS - 5], rows.join("\n"));
      const head = /^spillway records, (.*)$/.exec(rows[ROWS - 4]);
      if (head === null) return null;
      times.add(head[1]);
      return times.size >= 2 ? true : null;
    });
    const host = screen().slice(ROWS - 4).join("\n");
    assert.match(host, /host {2}CPU \d+ %/);
    writeFileSync(join(folder, "told"), "");

    await until("the end", () => existsSync(join(folder, "code")) ? true : null);
    assert.equal(readFileSync(join(folder, "code"), "utf8").trim(), "ended with 3");
    const all = await until("the summary", () => {
      const text = tmux("capture-pane", "-p", "-S", "-500");
      return /^recorded r1 "seen"/m.test(text) && / {2}next /.test(text) ? text : null;
    });
    const seen = [...all.matchAll(/^line (\d+) of the command$/gm)].map((m) => Number(m[1]));
    assert.deepEqual(seen, Array.from({ length: LINES }, (_, i) => i + 1), "every line, once");
    assert.doesNotMatch(all, /^─{80}$/m, "the view is cleared");
    // The whole screen scrolls again: what is written now reaches the last line.
    for (const row of all.split("\n")) assert.ok(row.length <= 80, row);
  } finally {
    tmux("kill-server");
    rmSync(folder, { recursive: true, force: true });
  }
});
