import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { selfCommand } from "../../src/runtime/self.ts";

/** Processes that were started for a scratch folder under `parent`. */
function strays(parent: string): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`SPILLWAY_SCRATCH=${parent}`);
    } catch {
      return false;
    }
  });
}

async function until(holds: () => boolean, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    if (holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return holds();
}

/** Starts a command, kills it once its scratch folder holds something, and waits for the guardian. */
async function killed(
  args: readonly string[],
  signal: NodeJS.Signals,
  isUnderway: (parent: string) => boolean,
): Promise<void> {
  const parent = mkdtempSync(join(tmpdir(), "spillway-kill-"));
  const [program, ...first] = selfCommand();
  const child: ChildProcess = spawn(program, [...first, ...args, "--directory", parent], {
    cwd: parent,
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  try {
    assert.ok(await until(() => isUnderway(parent), 20_000), "it never got underway");
    process.kill(child.pid!, signal);
    await ended;
    const isClean = () => readdirSync(parent).length === 0 && strays(parent).length === 0;
    assert.ok(
      await until(isClean, 10_000),
      `left: ${readdirSync(parent).join()} and processes ${strays(parent).join()}`,
    );
  } finally {
    child.kill("SIGKILL");
    rmSync(parent, { recursive: true, force: true });
  }
}

/** Whether the scratch folder holds a file of that name. */
function holds(name: string): (parent: string) => boolean {
  return (parent) =>
    readdirSync(parent).some((folder) => readdirSync(join(parent, folder)).includes(name));
}

const isLinux = process.platform === "linux";

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  test(
    `bench kv ended by ${signal} leaves no file and no process`,
    { skip: !isLinux },
    async () => {
      const long = ["bench", "kv", "--set", "references=100000", "--set", "blockBytes=1MiB"];
      await killed(long, signal, holds("ssd.blocks"));
    },
  );
}

test("calibrate killed while another program measures leaves no file and no process", {
  skip: !isLinux,
}, async () => {
  const long = ["calibrate", "--size", "16MiB", "--seconds", "30s", "--force", "-o", "/dev/null"];
  await killed(
    long,
    "SIGKILL",
    (parent) => holds("data")(parent),
  );
});
