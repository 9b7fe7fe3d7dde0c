import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { source as processIo } from "../../src/collect/sources/process_io.ts";
import { collector, sourceContext } from "./collector.ts";

const MIB = 2 ** 20;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Bytes that the source counts of a shell command, sampled while it sleeps and once after its end. */
async function counted(command: string, endedMs: number): Promise<number> {
  let pid: number | null = null;
  const opened = await processIo.open({ ...sourceContext(""), follows: true, pid: () => pid });
  const { sink, last } = collector();
  try {
    await opened.sample(sink);
    const child = spawn("sh", ["-c", command], { stdio: "ignore" });
    pid = child.pid!;
    const ended = new Promise((resolve) => child.on("exit", resolve));
    for (let i = 0; i < 300 && (last(" write_bytes")?.value ?? 0) < 8 * MIB; i++) {
      await wait(20);
      await opened.sample(sink);
    }
    await ended;
    await wait(endedMs);
    for (let i = 0; i < 2; i++) await opened.sample(sink);
    return last(" write_bytes")!.value!;
  } finally {
    await opened.close();
  }
}

test("a tree that ends between two samples is counted once; an orphan is not forgotten", {
  skip: process.platform === "linux" ? false : "reads Linux's /proc",
}, async () => {
  // The working directory is on a disk; /tmp may be memory, which writes nothing.
  const folder = mkdtempSync(join(process.cwd(), ".process-io-test-"));
  try {
    const dd = `dd if=/dev/zero of=${join(folder, "f")} bs=1M count=8 oflag=direct`;
    const nested = `sh -c 'sh -c "${dd}; sleep 1.2; true"; true'; true`;
    const once = await counted(nested, 0);
    if (once === 0) return;
    assert.ok(Math.abs(once - 8 * MIB) < MIB / 10, `${once}`);
    const orphan = `sh -c '${dd}; sleep 2; true' & sleep 1.2; true`;
    const kept = await counted(orphan, 1500);
    assert.ok(Math.abs(kept - 8 * MIB) < MIB / 10, `${kept}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("tools that this process runs meanwhile are not counted to the command", {
  skip: process.platform === "linux" ? false : "reads Linux's /proc",
}, async () => {
  const folder = mkdtempSync(join(process.cwd(), ".process-io-test-"));
  let clock = 0;
  const child = spawn("sh", ["-c", "read line"], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const opened = await processIo.open({
    ...sourceContext(""),
    follows: true,
    pid: () => child.pid!,
    nowNs: () => clock,
  });
  const { sink, last } = collector();
  try {
    await opened.sample(sink);
    const file = join(folder, "f");
    const tool = spawn("dd", ["if=/dev/zero", `of=${file}`, "bs=1M", "count=8", "oflag=direct"], {
      stdio: "ignore",
    });
    await new Promise((resolve) => tool.on("exit", resolve));
    clock = 2e9;
    await opened.sample(sink);
    child.stdin!.end("\n");
    await ended;
    for (const at of [2.1e9, 4e9]) {
      clock = at;
      await opened.sample(sink);
    }
    assert.ok(last(" write_bytes")!.value! < MIB, `${last(" write_bytes")!.value}`);
  } finally {
    await opened.close();
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
