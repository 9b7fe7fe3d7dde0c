import { spawnSync } from "node:child_process";

/** Commit of the working directory and whether it has changes; null outside a git repository. */
export function gitState(): { commit: string; dirty: boolean } | null {
  const git = (...args: string[]) => spawnSync("git", args, { encoding: "utf8" });
  const head = git("rev-parse", "HEAD");
  if (head.status !== 0) return null;
  return { commit: head.stdout.trim(), dirty: git("status", "--porcelain").stdout.trim() !== "" };
}
