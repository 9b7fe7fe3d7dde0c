import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { environmentError } from "../../model/errors.ts";
import { engineFolder, engineReady, refreshHost } from "./engine_setup.ts";

/** A real llama.cpp in a process of its own. Times are seconds measured inside that process. */
export interface LlmEngine {
  readonly pid: number;
  prefill(tokens: readonly number[]): Promise<number>;
  save(path: string): Promise<{ seconds: number; bytes: number }>;
  restore(path: string): Promise<{ seconds: number; bytes: number; contextTokens: number }>;
  /** Evaluates the given tokens after what the context holds, then decodes `count` tokens greedily. */
  decode(tokens: readonly number[], count: number): Promise<Decoded>;
  clear(): Promise<void>;
  close(): Promise<void>;
}

export interface Decoded {
  readonly seconds: number;
  /** Until the first token came: evaluating the prompt and sampling once. */
  readonly firstSeconds: number;
  readonly tokens: number[];
  /** Tokens whose KV the context holds afterwards; the last decoded one is not among them. */
  readonly contextTokens: number;
}

type Answer = Decoded & { bytes: number; error?: string };

const PRIORITY = "-10";

/**
 * Starts the engine on a model file.
 *
 * @throws environment error when the engine is not installed or does not start.
 */
export async function startEngine(
  modelPath: string,
  options: { contextTokens: number; threads: number; signal?: AbortSignal },
): Promise<LlmEngine> {
  const missing = engineReady();
  if (missing !== null) throw environmentError(missing, 'run "spillway bench llm --setup" once');
  refreshHost();
  const folder = engineFolder();
  const args = process.versions.bun === undefined
    ? ["run", "-A", "--quiet", "--node-modules-dir=manual", "engine_host.ts"]
    : ["engine_host.ts"];
  // Other work on the machine is not what is measured: where we may (root), the engine goes first. nice
  // replaces itself by the engine, and only warns where raising is not permitted.
  const child = spawn("nice", ["-n", PRIORITY, process.execPath, ...args], {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
    signal: options.signal,
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  // A child that dies makes its waiting reader see the end of the lines; its "error" has no other use.
  child.on("error", (error) => complaint += error.message);
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request: object): Promise<Answer> => {
    child.stdin.write(JSON.stringify(request) + "\n");
    const { value, done } = await lines.next();
    if (done) {
      throw environmentError(
        `the LLM engine ended: ${complaint.trim().split("\n").at(-1) ?? "no message"}`,
        `look at ${folder}, or run "spillway bench llm --setup" again`,
      );
    }
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) {
      throw environmentError(
        `the LLM engine refused ${(request as { op: string }).op}: ${answer.error}`,
      );
    }
    return answer;
  };
  try {
    await ask({ op: "load", path: modelPath, ...options, signal: undefined });
  } catch (error) {
    // A child that lives on would keep this process from ending.
    child.kill("SIGKILL");
    throw error;
  }
  return {
    pid: child.pid!,
    prefill: async (tokens) => (await ask({ op: "prefill", tokens })).seconds,
    save: (path) => ask({ op: "save", path }),
    restore: (path) => ask({ op: "restore", path }),
    decode: (tokens, count) => ask({ op: "decode", tokens, count }),
    clear: async () => {
      await ask({ op: "clear" });
    },
    close: async () => {
      child.stdin.write('{"op":"quit"}\n');
      child.stdin.end();
      if (child.exitCode === null) await once(child, "close");
    },
  };
}
