import { usageError } from "../../model/errors.ts";
import type { WindowOptions } from "../window_options.ts";
import type { Subject } from "./subject.ts";

/** A run or a replay by id or name in the store at `path`, or from a JSON file. */
export async function loadSubject(
  name: string,
  path: string,
  window: WindowOptions = {},
): Promise<Subject> {
  if (name.endsWith(".json") || name.includes("/")) {
    if (window.window !== undefined || window.between !== undefined) {
      throw usageError("--window and --between need a run of the store, not a file");
    }
    const { subjectOfFile } = await import("./subject.ts");
    return subjectOfFile(name);
  }
  const { subjectOfStore } = await import("./stored_subject.ts");
  return await subjectOfStore(name, path, window);
}
