import { accessSync, constants, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { spoolPaths } from "../../collect/spool/find.ts";
import { messageOf } from "../../model/errors.ts";
import { formatBytes } from "../../model/units.ts";
import { runTool } from "../../runtime/tool.ts";
import type { ProbedSource } from "./probe.ts";

type Check = ProbedSource;

const SPACE_WANTED_BYTES = 1 << 30;

function checkStoreFolder(storePath: string): Check {
  const folder = dirname(resolve(storePath));
  const base = { name: "store folder", summary: "where the store and recordings are written" };
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    return {
      ...base,
      status: free < SPACE_WANTED_BYTES ? "partial" : "ok",
      reason: free < SPACE_WANTED_BYTES ? `only ${formatBytes(free)} are free` : null,
      remedy: free < SPACE_WANTED_BYTES ? "free space or choose another place with --store" : null,
      devices: [folder],
    };
  } catch (error) {
    return {
      ...base,
      status: "denied",
      reason: `${folder} cannot be written: ${messageOf(error)}`,
      remedy: "choose another place with --store",
      devices: [],
    };
  }
}

function checkSpools(storePath: string): Check {
  const waiting = spoolPaths(storePath);
  return {
    name: "recordings",
    summary: "recordings that were not stored",
    status: waiting.length === 0 ? "ok" : "partial",
    reason: waiting.length === 0 ? null : `${waiting.length} spool file(s) wait beside the store`,
    remedy: waiting.length === 0 ? null : '"spillway recover" loads those of dead recorders',
    devices: waiting,
  };
}

async function checkDatabase(): Promise<Check> {
  const base = { name: "duckdb", summary: "the store's database" };
  try {
    await import("../../store/open.ts");
    return { ...base, status: "ok", reason: null, remedy: null, devices: [] };
  } catch (error) {
    return {
      ...base,
      status: "absent",
      reason: `DuckDB cannot be loaded: ${messageOf(error)}`,
      remedy: "install the dependencies again (deno install, or bun install)",
      devices: [],
    };
  }
}

/** A tool that makes something better and without which everything else works. */
async function checkTool(name: string, argv: string[], use: string, hint: string): Promise<Check> {
  const done = await runTool(argv, { timeoutMs: 5000 });
  const version = /[0-9]+(\.[0-9]+)+/.exec(done.stdout + done.stderr)?.[0];
  const base = { name, summary: use };
  return done.startError === null
    ? {
      ...base,
      status: "ok",
      reason: null,
      remedy: null,
      devices: version === undefined ? [] : [version],
    }
    : { ...base, status: "partial", reason: `not installed: ${use}`, remedy: hint, devices: [] };
}

/** What the commands need beside the sources of `record`. */
export async function environmentChecks(storePath: string): Promise<Check[]> {
  return [
    checkStoreFolder(storePath),
    checkSpools(storePath),
    ...await Promise.all([
      checkDatabase(),
      checkTool(
        "fio",
        ["fio", "--version"],
        "calibrate measures storage with it",
        "apt install fio",
      ),
      checkTool(
        "nvme-cli",
        ["nvme", "version"],
        "the health log of NVMe drives",
        "apt install nvme-cli",
      ),
      checkTool(
        "smartctl",
        ["smartctl", "--version"],
        "the health log where nvme-cli is missing",
        "apt install smartmontools",
      ),
    ]),
  ];
}
