import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { environmentError } from "../../model/errors.ts";
import { writeFileAtomically } from "../../runtime/write_file.ts";
import { withScratch } from "../scratch.ts";
import hostSource from "./engine_host.ts" with { type: "text" };

/** llama.cpp's bindings, pinned; installed without the GPU builds (85 MB instead of 725 MB). */
const ENGINE_VERSION = "3.22.1";

/** The engine as profiles name it. */
export const ENGINE_NAME = `llama.cpp (node-llama-cpp ${ENGINE_VERSION})`;

function platformPackage(): string {
  const os = process.platform === "darwin" ? "mac" : process.platform === "win32" ? "win" : "linux";
  const cpu = process.platform === "darwin" && process.arch === "arm64"
    ? "arm64-metal"
    : process.arch;
  return `@node-llama-cpp/${os}-${cpu}`;
}

/** Folder of the engine: `$XDG_CACHE_HOME/spillway/llm-<version>`. */
export function engineFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(cache, "spillway", `llm-${ENGINE_VERSION}`);
}

/** Space that the installation is asked to have, in bytes. */
const INSTALLED_BYTES = 250e6;

/** Null when the engine is installed, else what is missing. */
export function engineReady(): string | null {
  const folder = engineFolder();
  const wanted = [
    join(folder, "node_modules/node-llama-cpp/package.json"),
    join(folder, "node_modules", platformPackage(), "package.json"),
    join(folder, "engine_host.ts"),
  ];
  const missing = wanted.find((path) => !existsSync(path));
  return missing === undefined ? null : `the LLM engine is not installed: ${missing} is missing`;
}

/** Puts this version's host beside the packages, which an earlier version may have installed. */
export function refreshHost(): void {
  const host = join(engineFolder(), "engine_host.ts");
  const own = hostSource as unknown as string;
  if (readFileSync(host, "utf8") !== own) writeFileAtomically(host, own);
}

/**
 * Installs the engine with npm into its own folder: all of it or, when npm fails or this process is killed,
 * nothing. @throws environment error when npm fails.
 */
export async function setupEngine(log: (line: string) => void): Promise<void> {
  const folder = engineFolder();
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  const packages = [`node-llama-cpp@${ENGINE_VERSION}`, `${platformPackage()}@${ENGINE_VERSION}`];
  log(`installing ${packages.join(" and ")} into ${folder} (85 MB)`);
  await withScratch(parent, INSTALLED_BYTES, async (scratch) => {
    writeFileSync(join(scratch, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await install(packages, scratch);
    writeFileSync(join(scratch, "engine_host.ts"), hostSource as unknown as string);
    rmSync(folder, { recursive: true, force: true });
    renameSync(scratch, folder);
  });
}

async function install(packages: readonly string[], folder: string): Promise<void> {
  const npm = spawn("npm", [
    "install",
    ...packages,
    "--omit=optional",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  npm.stderr.setEncoding("utf8").on("data", (text: string) => complaint += text);
  const code = await new Promise<number>((resolve) => {
    npm.on("error", () => resolve(127));
    npm.on("close", (exit) => resolve(exit ?? 1));
  });
  if (code === 0) return;
  throw environmentError(
    code === 127
      ? "npm was not found, and the LLM engine is installed with it"
      : `npm could not install the LLM engine: ${complaint.trim().split("\n")[0]}`,
    "install Node.js with npm, check the registry, and run it again",
  );
}
