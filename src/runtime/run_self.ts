import { spawn } from "node:child_process";
import process from "node:process";
import { selfCommand } from "./self.ts";

export interface SelfRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs this program again with other arguments and waits. Its stdout is returned; its stderr too, and each
 * piece of it is also passed to `onStderr`. Ctrl-C reaches the child by the terminal itself.
 */
export function runSelf(
  args: readonly string[],
  onStderr: (text: string) => void = () => {},
): Promise<SelfRun> {
  const [program, ...first] = selfCommand();
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: process.env,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      onStderr(text);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code: code ?? (signal === null ? 70 : 130), stdout, stderr });
    });
  });
}
