import type { Subject } from "./subject.ts";

/** A run or a replay by id or name in the store at `path`, or from a JSON file. */
export async function loadSubject(name: string, path: string): Promise<Subject> {
  if (name.endsWith(".json") || name.includes("/")) {
    const { subjectOfFile } = await import("./subject.ts");
    return subjectOfFile(name);
  }
  const { subjectOfStore } = await import("./stored_subject.ts");
  return await subjectOfStore(name, path);
}
