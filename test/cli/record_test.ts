import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { SPILLWAY, spillway } from "../spillway.ts";

const NOT_LINUX = process.platform === "linux" ? false : "recording reads Linux's /proc";

async function inFolder(work: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-record-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function record(folder: string, args: readonly string[], command: readonly string[], input = "") {
  return spillway(
    ["record", "--summary", "run.json", "--json", ...args, "--", ...command],
    { cwd: folder, input },
  );
}

function runOf(folder: string) {
  return JSON.parse(readFileSync(join(folder, "run.json"), "utf8"));
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function waitFor<T>(what: string, look: () => T | undefined, ms = 10_000): Promise<T> {
  const until = performance.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`${what} did not come within ${ms} ms`);
    await sleep(20);
  }
}

function spoolIn(folder: string): string | undefined {
  const name = readdirSync(folder).find((entry) => entry.endsWith(".spool"));
  return name === undefined ? undefined : join(folder, name);
}

test(
  "the command's stdin and stdout are its own and its code is returned",
  { skip: NOT_LINUX },
  () =>
    inFolder((folder) => {
      const done = record(folder, [], ["sh", "-c", "cat; echo to-stderr >&2; exit 3"], "in\nput\n");
      assert.equal(done.code, 3, done.stderr);
      assert.equal(done.stdout, "in\nput\n");
      assert.equal(done.stderr, "to-stderr\n");
      const run = runOf(folder);
      assert.equal(run.id, "r1");
      assert.deepEqual(run.exit, { code: 3, signal: null });
      assert.equal(run.status, "complete");
      assert.deepEqual(readdirSync(folder).sort(), ["run.json", "spillway.duckdb"]);
    }),
);

test(
  "the summary goes to stderr, since stdout is the command's",
  { skip: NOT_LINUX },
  () =>
    inFolder((folder) => {
      const done = spillway(["record", "--", "echo", "mine"], { cwd: folder });
      assert.equal(done.stdout, "mine\n");
      assert.match(done.stderr, /^recorded r1 "echo-/);
      assert.ok(done.stderr.split("\n").every((line) => line.length <= 80), done.stderr);
      const quiet = spillway(["record", "--quiet", "--", "echo", "mine"], { cwd: folder });
      assert.equal(quiet.stderr, "");
    }),
);

test("127 for a command that is not there, 126 for one that cannot be run, and nothing is stored", {
  skip: NOT_LINUX,
}, () =>
  inFolder((folder) => {
    writeFileSync(join(folder, "plain"), "#!/bin/sh\n");
    chmodSync(join(folder, "plain"), 0o644);
    assert.equal(record(folder, [], ["no-such-command-here"]).code, 127);
    assert.equal(record(folder, [], ["./plain"]).code, 126);
    assert.deepEqual(readdirSync(folder), ["plain"]);
  }));

test("125 when the command never started because of the recorder, 2 for a wrong command line", {
  skip: NOT_LINUX,
}, () =>
  inFolder((folder) => {
    const spool = record(folder, ["--store", "no/such/folder/a.duckdb"], ["touch", "started"]);
    assert.equal(spool.code, 125);
    assert.match(spool.stderr, /spool cannot be created/);
    for (
      const args of [
        ["--interval", "1ms"],
        ["--interval", "soon"],
        ["--sources", "blok"],
        ["--duration", "0s"],
        ["--pid", "1"],
        ["--no-such-option"],
      ]
    ) {
      assert.equal(record(folder, args, ["touch", "started"]).code, 2, args.join(" "));
    }
    assert.deepEqual(readdirSync(folder), []);
  }));

test(
  "a signal that ends the command gives 128 + n",
  { skip: NOT_LINUX },
  () =>
    inFolder((folder) => {
      assert.equal(record(folder, [], ["sh", "-c", "kill -9 $$"]).code, 137);
      assert.deepEqual(runOf(folder).exit, { code: null, signal: "SIGKILL" });
      assert.equal(record(folder, [], ["sh", "-c", "kill -SEGV $$"]).code, 139);
    }),
);

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
  test(
    `${signal} reaches the command, whose answer is returned`,
    { skip: NOT_LINUX },
    () =>
      inFolder(async (folder) => {
        const script = `trap 'echo got; exit 9' ${signal.slice(3)}; echo ready; ` +
          "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.3; done; exit 1";
        const child = spawn(
          SPILLWAY[0],
          [...SPILLWAY.slice(1), "record", "--quiet", "--", "sh", "-c", script],
          { cwd: folder, stdio: ["ignore", "pipe", "inherit"] },
        );
        let said = "";
        child.stdout!.on("data", (bytes) => said += bytes);
        const ended = new Promise((resolve) => child.on("exit", (code) => resolve(code)));
        await waitFor("ready", () => said.includes("ready") || undefined);
        process.kill(child.pid!, signal);
        assert.equal(await ended, 9);
        assert.match(said, /got/);
      }),
  );
}

test(
  "Ctrl-C without a command ends the recording with 0",
  { skip: NOT_LINUX },
  () =>
    inFolder(async (folder) => {
      const child = spawn(SPILLWAY[0], [...SPILLWAY.slice(1), "record", "--json"], {
        cwd: folder,
        stdio: ["ignore", "pipe", "ignore"],
      });
      let said = "";
      child.stdout!.on("data", (bytes) => said += bytes);
      const ended = new Promise((resolve) => child.on("close", (code) => resolve(code)));
      await waitFor("the spool", () => spoolIn(folder));
      await sleep(500);
      process.kill(child.pid!, "SIGINT");
      assert.equal(await ended, 0);
      const run = JSON.parse(said);
      assert.equal(run.id, "r1");
      assert.deepEqual(run.command, []);
      assert.equal(
        run.sources.find((s: { name: string }) => s.name === "process-io").status,
        "absent",
      );
    }),
);

test("--duration ends a recording by itself, and a command outlives its recording", {
  skip: NOT_LINUX,
}, () =>
  inFolder((folder) => {
    const alone = spillway(["record", "--duration", "400ms", "--json"], { cwd: folder });
    assert.equal(alone.code, 0, alone.stderr);
    const ns = JSON.parse(alone.stdout).durationNs;
    assert.ok(ns >= 4e8 && ns < 9e8, `${ns} ns`);
    const done = record(folder, ["--duration", "300ms"], ["sh", "-c", "sleep 0.8; exit 4"]);
    assert.equal(done.code, 4);
    const run = runOf(folder);
    assert.ok(run.durationNs < 7e8, `${run.durationNs} ns`);
    assert.deepEqual(run.exit, { code: null, signal: null });
  }));

test("1 GiB written with O_DIRECT, and with fsync, is attributed to the command and its children", {
  skip: NOT_LINUX,
}, () =>
  inFolder((folder) => {
    // /tmp may be a RAM disk, which counts no device writes: use a folder of the working directory's disk.
    const disk = mkdtempSync(join(process.cwd(), ".record-test-"));
    try {
      const file = join(disk, "data");
      const write = (how: string, megabytes: number) =>
        `dd if=/dev/zero of=${file} bs=1M count=${megabytes} ${how} 2>/dev/null`;
      const direct = write("oflag=direct", 512);
      if (spawnSync("sh", ["-c", write("oflag=direct", 1)]).status !== 0) return;
      const commands = [
        `sh -c '${direct}; sleep 0.15'; ${direct}`,
        `sh -c '${write("conv=fsync", 1024)}; sleep 0.15'`,
      ];
      for (const command of commands) {
        const done = record(folder, [], ["sh", "-c", command]);
        assert.equal(done.code, 0, done.stderr);
        const written = runOf(folder).metrics.child_written_bytes.value;
        const wanted = 2 ** 30;
        assert.ok(Math.abs(written - wanted) <= wanted / 100, `${written} of ${wanted}`);
        const disks = runOf(folder).metrics.disk_written_bytes.value;
        assert.ok(disks >= wanted * 0.99, `${disks} on the disks`);
      }
    } finally {
      rmSync(disk, { recursive: true, force: true });
    }
  }));

test("marks from inside the workload stand at their time, by the tool and by a shell's echo", {
  skip: NOT_LINUX,
}, () =>
  inFolder((folder) => {
    const self = SPILLWAY.map((word) => `'${word}'`).join(" ");
    const script = `sleep 0.3; ${self} mark 'step 1'; sleep 0.4; echo bare >> "$SPILLWAY_MARKS"`;
    const done = record(folder, [], ["sh", "-c", script]);
    assert.equal(done.code, 0, done.stderr);
    const { marks, durationNs } = runOf(folder);
    assert.deepEqual(marks.map((m: { name: string }) => m.name), ["step 1", "bare"]);
    assert.ok(marks[0].timeNs >= 3e8 && marks[0].timeNs < durationNs - 3e8, JSON.stringify(marks));
    assert.ok(marks[1].timeNs >= marks[0].timeNs + 3e8);
  }));

test("mark outside of a recording says so with 4", () =>
  inFolder((folder) => {
    const done = spillway(["mark", "x"], { cwd: folder, env: { SPILLWAY_MARKS: "" } });
    assert.equal(done.code, 4);
    assert.match(done.stderr, /no recording is running/);
  }));

test(
  "a recorder killed with SIGKILL loses at most its last second, and recover loads the rest as partial",
  {
    skip: NOT_LINUX,
  },
  () =>
    inFolder(async (folder) => {
      const child = spawn(
        SPILLWAY[0],
        [
          ...SPILLWAY.slice(1),
          "record",
          "--name",
          "killed",
          "--interval",
          "20ms",
          "--",
          "sleep",
          "30",
        ],
        { cwd: folder, stdio: "ignore" },
      );
      const ended = new Promise((resolve) => child.on("exit", resolve));
      const spool = await waitFor("the spool", () => spoolIn(folder));
      const before = performance.now();
      await sleep(2500);
      const pidOfSleep = spawnSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" }).stdout;
      process.kill(child.pid!, "SIGKILL");
      const livedMs = performance.now() - before;
      await ended;
      for (const pid of pidOfSleep.split("\n").filter(Boolean)) {
        process.kill(Number(pid), "SIGKILL");
      }
      // A tail of garbage, as a torn page leaves it.
      writeFileSync(spool, new Uint8Array([9, 0, 0, 0, 1, 2, 3]), { flag: "a" });

      const dry = JSON.parse(spillway(["recover", "--dry-run", "--json"], { cwd: folder }).stdout);
      assert.deepEqual(dry.recordings.map((r: { action: string }) => r.action), ["found"]);
      const done = spillway(["recover", "--json"], { cwd: folder });
      assert.equal(done.code, 0, done.stderr);
      const [row] = JSON.parse(done.stdout).recordings;
      assert.equal(row.action, "loaded");
      assert.equal(row.name, "killed");
      assert.ok(row.seconds * 1000 >= livedMs - 1000, `${row.seconds} s of ${livedMs} ms`);
      assert.ok(row.samples > 1000);
      assert.match(row.reason, /ended without closing/);
      assert.deepEqual(readdirSync(folder), ["spillway.duckdb"]);
      const again = JSON.parse(spillway(["recover", "--json"], { cwd: folder }).stdout);
      assert.deepEqual(again.recordings, []);
    }),
);

test(
  "recover leaves a recording alone whose recorder runs",
  { skip: NOT_LINUX },
  () =>
    inFolder(async (folder) => {
      const child = spawn(
        SPILLWAY[0],
        [...SPILLWAY.slice(1), "record", "--quiet", "--duration", "20s"],
        { cwd: folder, stdio: "ignore" },
      );
      const ended = new Promise((resolve) => child.on("exit", resolve));
      await waitFor("the spool", () => spoolIn(folder));
      const done = spillway(["recover", "--discard", "--json"], { cwd: folder });
      assert.equal(JSON.parse(done.stdout).recordings[0].action, "left");
      process.kill(child.pid!, "SIGTERM");
      assert.equal(await ended, 0);
    }),
);

test("a file that only looks like a recording fails recover with 4 and can be discarded", () =>
  inFolder((folder) => {
    writeFileSync(join(folder, "spillway.duckdb.1-2.spool"), "what is this");
    const done = spillway(["recover"], { cwd: folder });
    assert.equal(done.code, 4);
    assert.match(done.stderr, /not a Spillway spool/);
    assert.equal(spillway(["recover", "--discard"], { cwd: folder }).code, 0);
    assert.deepEqual(readdirSync(folder), []);
  }));

const tmpfs = mkdtempSync(join(tmpdir(), "spillway-full-"));
const mounted = process.platform === "linux" &&
  spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", tmpfs]).status === 0;
if (mounted) spawnSync("umount", [tmpfs]);
rmSync(tmpfs, { recursive: true, force: true });

test("with a full disk the command goes on, and its run is partial and waits for recover", {
  skip: mounted ? false : "a small file system cannot be mounted here",
}, () =>
  inFolder((folder) => {
    const full = join(folder, "full");
    spawnSync("mkdir", [full]);
    assert.equal(
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", full]).status,
      0,
    );
    try {
      const fill =
        `dd if=/dev/zero of=${full}/big bs=4k count=100 2>/dev/null; sleep 1; echo on; exit 5`;
      const done = spillway(
        ["record", "--store", join(full, "s.duckdb"), "--interval", "10ms", "--", "sh", "-c", fill],
        { cwd: folder },
      );
      assert.equal(done.code, 5, done.stderr);
      assert.equal(done.stdout, "on\n");
      assert.match(done.stderr, /full/);
      assert.match(done.stderr, /recover/);
      assert.ok(readdirSync(full).some((name) => name.endsWith(".spool")));
      // Once there is room, the samples that reached the disk are loaded.
      rmSync(join(full, "big"));
      spawnSync("mount", ["-o", "remount,size=64m", full]);
      const recovered = spillway(
        ["recover", "--json", "--store", join(full, "s.duckdb")],
        { cwd: folder },
      );
      const [row] = JSON.parse(recovered.stdout).recordings;
      assert.equal(row.action, "loaded", recovered.stderr);
      assert.notEqual(row.reason, null);
    } finally {
      spawnSync("umount", [full]);
    }
  }));

test("a command that is gone before its memory was read has no peak, and none of 0 bytes", () => {
  const folder = mkdtempSync(join(tmpdir(), "spillway-short-"));
  try {
    const done = spillway(["record", "--json", "--interval", "10s", "--", "true"], { cwd: folder });
    const { value, reason } = JSON.parse(done.stderr).metrics.child_peak_resident_bytes;
    if (value === null) assert.match(reason, /ended before its memory was read/);
    else assert.ok(value > 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
