import assert from "node:assert/strict";
import { test } from "node:test";
import { opLine, replayFile, withFile } from "./ops_replay.ts";

const MIB = 2 ** 20;

test("notes count one thing in the singular and several in the plural", async () => {
  const first = ["a 1 1048576", "a 2 1048576", "f 2", `a 3 ${30 * MIB}`];
  for (
    const [ops, expected] of [
      [first, [
        / by 1 block in 1 segment;/,
        /: 1 allocation failed in /,
        /: 1 allocation succeeded/,
      ]],
      [[...first, `a 4 ${30 * MIB}`], [/: 2 allocations failed in /, /: 2 allocations succeeded/]],
    ] as const
  ) {
    await withFile("ops.jsonl", ops.map(opLine).join("\n"), async (path) => {
      const { outcome } = await replayFile(path, "pytorch-caching", { capacity: 10 * MIB });
      for (const pattern of expected) assert.match(outcome.notes!.join("\n"), pattern);
    });
  }
});
