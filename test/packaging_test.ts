/** The single executable is built and used: with DuckDB and everything a report inlines inside it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUN = join(ROOT, "node_modules/bun/bin/bun.exe");
// The executable is the same whichever runtime asks for it: once is enough.
const skip = process.versions.bun !== undefined
  ? "built by the tests on Deno"
  : existsSync(BUN)
  ? false
  : "bun is not installed";

test(
  "one executable records, replays and reports far from its sources",
  { skip, timeout: 180_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "spillway-binary-"));
    try {
      const binary = join(folder, "spillway");
      const built = spawnSync(BUN, ["packaging/build_binary.ts", binary], {
        cwd: ROOT,
        encoding: "utf8",
      });
      assert.equal(built.status, 0, built.stderr);
      cpSync(join(ROOT, "traces/chat.jsonl"), join(folder, "chat.jsonl"));
      const run = (...args: string[]) => {
        const done = spawnSync(binary, args, {
          cwd: folder,
          encoding: "utf8",
          // Its cache of native libraries goes away with the folder.
          env: { ...process.env, XDG_CACHE_HOME: join(folder, "cache"), NO_COLOR: "1" },
        });
        assert.equal(done.status, 0, `${args.join(" ")}: ${done.stderr}`);
        return done.stdout;
      };
      assert.match(run("--version"), /^spillway \d/);
      run("record", "--name", "r", "--", "true");
      run(
        "replay",
        "offload",
        "chat.jsonl",
        "--llm",
        "llama-2-7b",
        "--hardware",
        "a100_sxm",
        "--save",
        "kv",
      );
      run("estimate", "kv", "--site", "aws-us-east-1");
      run("report", "r", "kv", "-o", "report.html");
      const page = readFileSync(join(folder, "report.html"), "utf8");
      assert.match(page, /id="interactive"/, "charts can be explored");
      assert.match(run("ls"), /r1 +run/);
      assert.match(run("explain", "waste_ratio"), /formula/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
