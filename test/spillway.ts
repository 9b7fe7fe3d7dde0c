import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** The command line that runs Spillway under the runtime of the test. */
export const SPILLWAY: readonly string[] = process.versions.bun === undefined
  ? [process.execPath, "run", "-A", "--quiet", MAIN]
  : [process.execPath, MAIN];

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpillwayOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs the real program in a process of its own, without colour, at 80 columns. */
export function spillway(args: readonly string[], options: SpillwayOptions = {}): Finished {
  const { FORCE_COLOR: _, SPILLWAY_STORE: __, ...inherited } = process.env;
  const done = spawnSync(SPILLWAY[0], [...SPILLWAY.slice(1), ...args], {
    encoding: "utf8",
    cwd: options.cwd,
    input: options.input ?? "",
    timeout: options.timeoutMs ?? 120_000,
    maxBuffer: 512 * 2 ** 20,
    env: { ...inherited, NO_COLOR: "1", COLUMNS: "80", ...options.env },
  });
  if (done.error !== undefined) throw done.error;
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}
