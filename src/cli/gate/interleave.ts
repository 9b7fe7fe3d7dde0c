import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { dataError } from "../../model/errors.ts";
import { runSelf } from "../../runtime/run_self.ts";
import type { Output } from "../output.ts";
import { safeText } from "../sanitize.ts";

export interface Turns {
  readonly a: string;
  readonly b: string;
  readonly rounds: number;
  /** Store that the recordings go to. */
  readonly store: string;
}

/**
 * Records two shell commands in turns (A B, then B A, ...), so that a drift of the machine meets both alike.
 * Returns the ids of the recordings of each.
 *
 * @throws data error when a command fails: its time says nothing then.
 */
export async function recordInTurns(
  turns: Turns,
  out: Output,
): Promise<{ a: string[]; b: string[] }> {
  const ids: { a: string[]; b: string[] } = { a: [], b: [] };
  for (let round = 0; round < turns.rounds; round++) {
    const order = round % 2 === 0 ? ["a", "b"] as const : ["b", "a"] as const;
    for (const side of order) {
      await out.note(`round ${round + 1} of ${turns.rounds}: ${side}: ${safeText(turns[side])}`);
      ids[side].push(await recordOnce(side, turns[side], turns.store));
    }
  }
  return ids;
}

async function recordOnce(side: "a" | "b", command: string, store: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "spillway-gate-"));
  // A file, since the command's own output goes to stdout and stderr.
  const summary = join(folder, "summary.json");
  try {
    const flags = ["--json", "--summary", summary, "--store", store, "--name", `gate-${side}`];
    const done = await runSelf(["record", ...flags, "--", "sh", "-c", command]);
    if (done.code !== 0) {
      throw dataError(
        `gate: --${side} "${safeText(command)}" ended with ${done.code}: its time says nothing`,
        "run it by itself and look at what it prints",
      );
    }
    return z.object({ id: z.string() }).parse(JSON.parse(readFileSync(summary, "utf8"))).id;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
