import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { SPILLWAY, spillway } from "../spillway.ts";

const skip = process.platform === "linux" ? false : "recording reads Linux's /proc";

async function inFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-attach-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A recorder in the background, once its spool is there. */
async function startRecorder(folder: string, args: readonly string[]) {
  const child = spawn(SPILLWAY[0], [...SPILLWAY.slice(1), "record", "--json", ...args], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout!.on("data", (bytes) => said.stdout += bytes);
  child.stderr!.on("data", (bytes) => said.stderr += bytes);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const until = performance.now() + 20_000;
  // A new spool has its header alone: the first readings are in once it grew.
  let header = Infinity;
  const begun = () => {
    const spool = readdirSync(folder).find((f) => f.endsWith(".spool"));
    const size = spool === undefined ? 0 : statSync(join(folder, spool)).size;
    if (size > 0) header = Math.min(header, size);
    return size > header;
  };
  while (!begun()) {
    if (performance.now() > until) throw new Error(`no recording began: ${said.stderr}`);
    await sleep(20);
  }
  return { pid: child.pid!, said, ended };
}

test("--until-signal records until SIGTERM, ends with 0, and takes no other end beside it", {
  skip,
}, () =>
  inFolder(async (folder) => {
    const { pid, said, ended } = await startRecorder(folder, ["--until-signal", "--name", "d"]);
    await sleep(400);
    process.kill(pid, "SIGTERM");
    assert.equal(await ended, 0, said.stderr);
    const run = JSON.parse(said.stdout);
    assert.deepEqual([run.name, run.status, run.command], ["d", "complete", []]);
    assert.ok(run.durationNs >= 3e8, `${run.durationNs} ns`);
    assert.deepEqual(readdirSync(folder), ["spillway.duckdb"]);
    for (const rest of [["--duration", "1s"], ["--", "true"]]) {
      const refused = spillway(["record", "--until-signal", ...rest], { cwd: folder });
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /--until-signal/);
    }
  }));

test(
  "--pid follows a running process with its children, and ends when it does",
  { skip },
  () =>
    inFolder(async (folder) => {
      // One grandchild lives throughout, so that every look for new processes finds three.
      const script = "(sleep 600 & while [ ! -e go ]; do sleep 0.05; done; " +
        "dd if=/dev/zero of=out bs=1M count=8 conv=fsync 2>/dev/null; sleep 1; " +
        "kill $!; wait) & wait; exit 3";
      const workload = spawn("sh", ["-c", script], { cwd: folder, stdio: "ignore" });
      const gone = new Promise((resolve) => workload.on("close", resolve));
      const { said, ended } = await startRecorder(folder, [
        ...["--pid", String(workload.pid), "--sources", "process-io", "--interval", "50ms"],
      ]);
      await sleep(300);
      writeFileSync(join(folder, "go"), "");
      assert.equal(await gone, 3, "the process is left as it is");
      assert.equal(await ended, 0, said.stderr);
      const run = JSON.parse(said.stdout);
      const written = run.metrics.child_written_bytes.value;
      assert.ok(Math.abs(written / 2 ** 23 - 1) < 0.02, `${written} bytes of 8 MiB`);
      assert.deepEqual(run.exit, { code: null, signal: null }, "the code is its parent's to know");
      const { series } = JSON.parse(spillway(["show", run.id, "--json"], { cwd: folder }).stdout);
      const most = series.find((s: { field: string }) => s.field === "processes").max;
      assert.ok(most >= 3, `the shell, its child and a child of that, not ${most}`);
      const none = spillway(["record", "--pid", String(workload.pid)], { cwd: folder });
      assert.equal(none.code, 2);
      assert.match(none.stderr, /there is no process/);
    }),
);

const word = (text: string) => [0x58, text.length, 0, 0, 0, ...new TextEncoder().encode(text)];

/** A memory snapshot as torch pickles it: one GPU, an allocation of 512 bytes and its end. */
function snapshot(): Uint8Array {
  const event = (action: string) => [
    ...[0x7d, 0x28, ...word("action"), ...word(action), ...word("addr"), 0x4b, 8],
    ...[...word("size"), 0x4d, 0, 2, ...word("stream"), 0x4b, 0, 0x75],
  ];
  return Uint8Array.from([
    ...[0x80, 2, 0x7d, 0x28, ...word("segments"), 0x5d, ...word("device_traces")],
    ...[0x5d, 0x28, 0x5d, 0x28, ...event("alloc"), ...event("free_completed"), 0x65, 0x65],
    ...[0x75, 0x2e],
  ]);
}

test("--torch-snapshot stores what the command wrote; a command that wrote none keeps its code", {
  skip,
}, () =>
  inFolder((folder) => {
    writeFileSync(join(folder, "made"), snapshot());
    const record = (name: string, script: string) =>
      spillway([
        ...["record", "--name", name, "--torch-snapshot", "snap.pickle", "--sources", "cpu"],
        ...["--", "sh", "-c", script],
      ], { cwd: folder });
    const none = record("none", "exit 5");
    assert.equal(none.code, 5);
    assert.match(none.stderr, /snap\.pickle was not stored with the run/);
    const done = record("train", "mv made snap.pickle; exit 6");
    assert.equal(done.code, 6, done.stderr);
    const shown = spillway(["show", "train-torch-snapshot", "--json"], { cwd: folder });
    assert.equal(shown.code, 0, shown.stderr);
    const { trace } = JSON.parse(shown.stdout);
    assert.deepEqual([trace.kind, trace.format, trace.rows], [
      "allocations",
      "pytorch-snapshot",
      2,
    ]);
    assert.ok(readdirSync(folder).includes("snap.pickle"), "the file stays the command's");
  }));
