import { rmSync } from "node:fs";
import { readSpool } from "../../collect/spool/reader.ts";
import { marksPath } from "../../collect/spool/find.ts";
import type { RunRecord } from "../../model/results.ts";

/** Stores a run with the samples of its spool in one transaction; only then is the spool removed. */
export async function saveSpool(
  spoolPath: string,
  run: RunRecord,
  storePath: string,
): Promise<string> {
  const { openStore } = await import("../../store/open.ts");
  const spool = readSpool(spoolPath);
  const store = await openStore(storePath, { mode: "create" });
  let id: string;
  try {
    id = await store.saveRun(run, spool.series, spool.batches(), () => spool.reasons);
  } finally {
    await store.close();
  }
  rmSync(spoolPath, { force: true });
  rmSync(marksPath(spoolPath), { force: true });
  return id;
}
