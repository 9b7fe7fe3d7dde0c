import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { dataError, messageOf } from "../../model/errors.ts";
import type { Evaluated } from "../../search/advise/point_worker.ts";

/** Results of a search kept as they come, one JSON line a point, so that it can go on after a stop. */
export interface ResumeFile {
  /** Results by the key of their point. */
  readonly known: ReadonlyMap<string, Evaluated>;
  keep(key: string, result: Evaluated): void;
}

/** Digest of everything that the results depend on. */
export function searchKey(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/**
 * Opens a resume file: reads what an earlier run of the same search left, starts anew when there is
 * none. A last line cut short by a kill is dropped.
 *
 * @throws data error when the file belongs to another search.
 */
export function openResume(path: string | undefined, key: string): ResumeFile {
  if (path === undefined) return { known: new Map(), keep: () => {} };
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // Not there yet: a new search.
  }
  const known = new Map<string, Evaluated>();
  const lines = text.split("\n");
  const whole = lines.slice(0, -1);
  if (whole.length > 0) {
    let head: { schema?: unknown; key?: unknown };
    try {
      head = JSON.parse(whole[0]);
    } catch (error) {
      throw dataError(`--resume ${path}:1: not valid JSON: ${messageOf(error)}`);
    }
    if (head.schema !== "spillway/advise-points/1" || head.key !== key) {
      throw dataError(
        `--resume ${path}: it belongs to another search (trace, profiles, space or seed differ)`,
        "name another file, or remove this one",
      );
    }
    whole.slice(1).forEach((line, i) => {
      try {
        const { point, result } = JSON.parse(line);
        known.set(point, result);
      } catch (error) {
        throw dataError(`--resume ${path}:${i + 2}: not valid JSON: ${messageOf(error)}`);
      }
    });
  }
  const head = JSON.stringify({ schema: "spillway/advise-points/1", key });
  const lost = lines[lines.length - 1] !== "";
  if (whole.length === 0 || lost) {
    writeFileSync(path, `${[head, ...whole.slice(1)].join("\n")}\n`);
  }
  return {
    known,
    keep: (point, result) => appendFileSync(path, `${JSON.stringify({ point, result })}\n`),
  };
}
