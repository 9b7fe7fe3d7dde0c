import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";

const SHELL = "/bin/sh";

/** Set in the environment of everything that is started while a guardian watches a folder. */
export const GUARDED_VARIABLE = "SPILLWAY_SCRATCH";

/**
 * Reads lines until its input ends. "done" means that the owner cleaned up by itself; an end without it
 * means that the owner was killed: then every process that was started for the folder is killed, control
 * groups of the owner go, and the folder is removed.
 */
const SCRIPT = `trap '' INT TERM HUP
while IFS= read -r line; do [ "$line" = done ] && exit 0; done
for round in 1 2 3; do
  for file in $(grep -lzxF "${GUARDED_VARIABLE}=$1" /proc/[0-9]*/environ 2>/dev/null); do
    pid=\${file#/proc/}
    kill -9 "\${pid%/environ}" 2>/dev/null
  done
  sleep 0.05
done
rmdir /sys/fs/cgroup/blkio/spillway-"$2"-* /sys/fs/cgroup/spillway-"$2"-* 2>/dev/null
rm -rf -- "$1"`;

/** Watches over a folder for as long as this process lives. */
export interface Guardian {
  /** The folder was removed and nothing runs any more: the guardian ends. */
  release(): void;
}

/**
 * Starts a small shell in a session of its own that outlives this process, even a SIGKILL of it, and then
 * removes the folder and the processes that were started for it. On a machine without a POSIX shell there is
 * no guardian; the next use of the parent folder then cleans up.
 */
export function startGuardian(folder: string): Guardian {
  const { [GUARDED_VARIABLE]: before, ...environment } = process.env;
  if (!existsSync(SHELL)) return { release: () => {} };
  const shell = spawn(SHELL, ["-c", SCRIPT, "spillway-guardian", folder, String(process.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: environment,
  });
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  shell.unref();
  process.env[GUARDED_VARIABLE] = folder;
  return {
    release() {
      if (before === undefined) delete process.env[GUARDED_VARIABLE];
      else process.env[GUARDED_VARIABLE] = before;
      shell.stdin.end("done\n");
    },
  };
}
