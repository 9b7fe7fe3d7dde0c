import type { Source } from "../../collect/source.ts";
import { usageError } from "../../model/errors.ts";
import { SOURCES } from "../../registry/sources.ts";
import { closest } from "../did_you_mean.ts";

/**
 * The sources that a comma-separated list names, all of them without a list. `-name` leaves one out.
 *
 * @throws {SpillwayError} usage error for a name that no source has.
 */
export async function chooseSources(list: string | null): Promise<Source[]> {
  const names = (list ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  for (const name of names) {
    const plain = name.replace(/^-/, "");
    if (SOURCES.some((source) => source.name === plain)) continue;
    const near = closest(plain, SOURCES.map((source) => source.name));
    throw usageError(
      `--sources: there is no source "${plain}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      `the sources are ${SOURCES.map((source) => source.name).join(", ")}`,
    );
  }
  const without = names.filter((name) => name.startsWith("-")).map((name) => name.slice(1));
  const wanted = names.filter((name) => !name.startsWith("-"));
  const chosen = SOURCES.filter((source) =>
    (wanted.length === 0 || wanted.includes(source.name)) && !without.includes(source.name)
  );
  if (chosen.length === 0) throw usageError("--sources: nothing is left to record");
  return await Promise.all(chosen.map((source) => source.load()));
}
