import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { shellLine } from "../../src/cli/shell_quote.ts";

test("a real shell reads every word back unchanged", () => {
  const words = ["plain", "two words", "it's", '"$HOME" `id`', "", "a\nb", "*", "-o", "k=v,w/1.2"];
  const line = `printf '%s\\0' ${shellLine(words)}`;
  const read = execFileSync("/bin/sh", ["-c", line], { encoding: "utf8" });
  assert.deepEqual(read.split("\0").slice(0, -1), words);
});

test("words that need no quotes get none", () => {
  assert.equal(shellLine(["--set", "kv-offload.dram=64GiB"]), "--set kv-offload.dram=64GiB");
});
