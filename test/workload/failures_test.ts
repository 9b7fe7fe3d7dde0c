import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { engineReady } from "../../src/workload/llm/engine_setup.ts";
import { spillway } from "../spillway.ts";

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "spillway-failures-"));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const isRoot = process.getuid?.() === 0;

/** Mounts a memory file system of the given size or rights on a folder; false where that is not permitted. */
function mounted(folder: string, options: string): boolean {
  return isRoot &&
    spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]).status === 0;
}

/** One sentence and one hint, and no trace of a bug. */
function assertOneSentence(stderr: string, expected: RegExp): void {
  const lines = stderr.trim().split("\n");
  assert.ok(lines.length <= 2, stderr);
  assert.match(lines[0], expected);
  assert.doesNotMatch(stderr, /internal error|at file:/);
}

test("a disk that is too small or becomes full ends in one sentence, and leaves nothing", (t) => {
  inFolder((folder) => {
    if (!mounted(folder, "size=24m")) return t.skip("needs the right to mount");
    try {
      const run = (...set: string[]) =>
        spillway(
          ["bench", "kv", "--quiet", "--directory", folder, ...set.flatMap((s) => ["--set", s])],
          { cwd: "/" },
        );
      const large = run("distinctBlocks=64", "memoryBlocks=8", "references=500", "direct=false");
      assert.equal(large.code, 5);
      assertOneSentence(large.stderr, /on disk, and .* are free/);
      // The check of the free space cannot know what others write meanwhile.
      writeFileSync(join(folder, "other"), new Uint8Array(20 * 2 ** 20));
      const checkpoint = spillway(
        [
          "bench",
          "storage-demo",
          "--quiet",
          "--directory",
          folder,
          "--set",
          "checkpointBytes=8MiB",
        ],
        { cwd: "/" },
      );
      assert.equal(checkpoint.code, 5);
      assertOneSentence(checkpoint.stderr, /MB free, but .* MB are needed/);
      assert.deepEqual(readdirSync(folder), ["other"]);
    } finally {
      spawnSync("umount", [folder]);
    }
  });
});

test("a folder that only can be read ends in one sentence", (t) => {
  inFolder((folder) => {
    if (isRoot) {
      // Rights do not bind root: a read-only mount does.
      if (!mounted(folder, "ro,size=1m")) return t.skip("needs the right to mount");
    } else chmodSync(folder, 0o500);
    try {
      for (const command of [["bench", "kv"], ["calibrate", "--no-fio", "--force"]]) {
        const done = spillway([...command, "--quiet", "--directory", folder], { cwd: "/tmp" });
        assert.equal(done.code, 5, done.stderr);
        assert.match(done.stderr, new RegExp(folder));
        assert.doesNotMatch(done.stderr, /internal error/);
      }
    } finally {
      if (isRoot) spawnSync("umount", [folder]);
      else chmodSync(folder, 0o700);
    }
  });
});

const missing = engineReady();

test("a model file cut short, or that is none, ends in one sentence before the engine starts", {
  skip: missing ?? false,
}, () => {
  inFolder((folder) => {
    const path = join(folder, "m.gguf");
    const run = () =>
      spillway(["bench", "llm", "--quiet", "--set", `file=${path}`], { cwd: folder });
    writeFileSync(path, "GGUF\u0003\u0000\u0000\u0000");
    const cut = run();
    assert.equal(cut.code, 4);
    assertOneSentence(cut.stderr, /m\.gguf: the model file is cut short: it has 8 bytes/);
    writeFileSync(path, "not a model at all, but long enough to have a header");
    const other = run();
    assert.equal(other.code, 4);
    assertOneSentence(other.stderr, /no GGUF model/);
    rmSync(path);
    const absent = run();
    assert.equal(absent.code, 5);
    assertOneSentence(absent.stderr, /m\.gguf cannot be read/);
    assert.deepEqual(readdirSync(folder), []);
  });
});

test("an engine that is not installed ends in one sentence that says how to install it", () => {
  inFolder((folder) => {
    mkdirSync(join(folder, "cache"));
    const done = spillway(["bench", "llm", "--quiet", "--set", "lengths=32"], {
      cwd: folder,
      env: { XDG_CACHE_HOME: join(folder, "cache") },
    });
    assert.equal(done.code, 5);
    assertOneSentence(done.stderr, /the LLM engine is not installed/);
    assert.match(done.stderr, /bench llm --setup/);
    assert.deepEqual(readdirSync(folder), ["cache"]);
  });
});
