import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { spillway } from "./spillway.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");

interface Step {
  readonly command: string;
  readonly expected: readonly string[];
}

/** The commands of the ```console blocks, each with the output shown below it. */
export function consoleSteps(markdown: string): Step[] {
  const steps: Step[] = [];
  for (const [, block] of markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    let command: string | null = null;
    let expected: string[] = [];
    const flush = () => {
      if (command !== null) steps.push({ command, expected });
      expected = [];
    };
    for (const line of block.split("\n")) {
      if (line.startsWith("$ ")) {
        flush();
        command = line.slice(2);
      } else if (command?.endsWith("\\")) {
        command = command.slice(0, -1) + line.trim();
      } else {
        expected.push(line);
      }
    }
    flush();
  }
  return steps;
}

/** Words of a shell line: quotes group, nothing is expanded. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3]);
}

/** A line of the README as a pattern: `…` stands for anything (times and paths of this machine). */
function linePattern(line: string): RegExp {
  const escaped = line.trimEnd().split("…").map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`);
}

const STEPS = consoleSteps(README);
const folder = mkdtempSync(join(tmpdir(), "spillway-readme-"));
cpSync(join(ROOT, "traces"), join(folder, "traces"), { recursive: true });

test("the README has a tour of at least five commands", () => {
  assert.ok(STEPS.length >= 5, `found ${STEPS.length}`);
});

STEPS.forEach((step, i) => {
  test(`tour ${i + 1}: ${step.command} prints what the README shows`, () => {
    const [program, ...args] = words(step.command);
    assert.equal(program, "spillway");
    const { code, stdout, stderr } = spillway(args, { cwd: folder });
    assert.ok(code === 0 || step.expected.some((l) => l.includes(`exit code ${code}`)), stderr);
    const lines = stdout.split("\n").map((l) => l.trimEnd());
    let at = 0;
    for (const line of step.expected.filter((l) => l.trim() !== "" && l.trim() !== "…")) {
      const found = lines.findIndex((l, j) => j >= at && linePattern(line).test(l));
      assert.ok(found >= 0, `not printed: ${line}\n--- printed:\n${stdout}${stderr}`);
      at = found + 1;
    }
  });
});

test("the tour leaves nothing behind", () => {
  rmSync(folder, { recursive: true, force: true });
});
