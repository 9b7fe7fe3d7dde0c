import { readFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import { readTextIfExists } from "./files.ts";

/** Identity of a process that survives reuse of its number: boot, number, start time in clock ticks. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot; null where /proc is absent. */
  readonly startTicks: number | null;
  readonly bootId: string | null;
}

/** Start of a process in clock ticks after boot, or null when it is gone (a zombie counts as gone). */
export function startTicksOf(pid: number | "self"): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  // The name in brackets may hold blanks and brackets; fields count from after the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? null : Number(fields[19]);
}

export function bootId(): string | null {
  return readTextIfExists("/proc/sys/kernel/random/boot_id")?.trim() ?? null;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: startTicksOf("self"), bootId: bootId() };
}

/** Whether the process of an identity still runs (not another one that got its number). */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== null && identity.bootId !== bootId()) return false;
  if (identity.startTicks !== null) return startTicksOf(identity.pid) === identity.startTicks;
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Bytes of a page as the kernel counts them: 4 KiB on x86, up to 64 KiB on ARM. */
export function pageBytes(): number {
  const smaps = readTextIfExists("/proc/self/smaps") ?? "";
  const match = /KernelPageSize:\s+(\d+) kB/.exec(smaps);
  return match === null ? 4096 : Number(match[1]) * 1024;
}

export function ownPid(): number {
  return process.pid;
}

export function workingDirectory(): string {
  return process.cwd();
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** CPU seconds (user and system, all threads) and memory of this process. */
export function ownUsage(): { cpuSeconds: number; rssBytes: number } {
  const cpu = process.cpuUsage();
  return { cpuSeconds: (cpu.user + cpu.system) / 1e6, rssBytes: process.memoryUsage().rss };
}

/** What results depend on: processor, memory, kernel, runtime. The host's name is left out on purpose. */
export function hostFacts(): {
  cpuModel: string;
  logicalCpus: number;
  memoryBytes: number;
  kernel: string;
  platform: string;
  runtime: string;
} {
  const cpus = os.cpus();
  const runtime = process.versions.bun !== undefined
    ? `bun ${process.versions.bun}`
    : process.versions.deno !== undefined
    ? `deno ${process.versions.deno}`
    : `node ${process.versions.node}`;
  return {
    cpuModel: cpus[0]?.model.trim() || "unknown",
    logicalCpus: Math.max(1, cpus.length),
    memoryBytes: os.totalmem(),
    kernel: os.release(),
    platform: `${process.platform}-${process.arch}`,
    runtime,
  };
}
