import { existsSync, rmSync } from "node:fs";
import { readSpool } from "../../collect/spool/reader.ts";
import { marksPath } from "../../collect/spool/find.ts";
import { messageOf } from "../../model/errors.ts";
import type { RunRecord } from "../../model/results.ts";
import { FORMATS } from "../../registry/formats.ts";
import type { Store } from "../../store/store.ts";

/** A file that belongs to a run and is stored as a trace beside it. */
export interface Attachment {
  readonly path: string;
  readonly name: string;
  /** Whether the file is ours and goes away once it is stored. */
  readonly ours: boolean;
}

/** What became of an attachment: the id of its trace, or why there is none. */
export interface Attached {
  readonly path: string;
  readonly id: string | null;
  readonly problem: string | null;
}

/** The events of serving engines that were kept beside a spool. */
export function kvEventsPath(spoolPath: string): string {
  return spoolPath.replace(/\.spool$/, ".kv-events.jsonl");
}

async function attach(store: Store, file: Attachment): Promise<Attached> {
  const { importTrace } = await import("../../ingest/import_trace.ts");
  try {
    const id = await store.saveTrace(await importTrace(file.path, FORMATS), file.name);
    if (file.ours) rmSync(file.path, { force: true });
    return { path: file.path, id, problem: null };
  } catch (error) {
    return { path: file.path, id: null, problem: messageOf(error) };
  }
}

/**
 * Stores a run with the samples of its spool in one transaction, after the traces that belong to it; only then
 * is the spool removed.
 */
export async function saveSpool(
  spoolPath: string,
  run: RunRecord,
  storePath: string,
  attachments: readonly Attachment[] = [],
): Promise<
  { readonly id: string; readonly run: RunRecord; readonly attached: readonly Attached[] }
> {
  const { openStore } = await import("../../store/open.ts");
  const spool = readSpool(spoolPath);
  const store = await openStore(storePath, { mode: "create" });
  try {
    const attached: Attached[] = [];
    let stored = run;
    const events = kvEventsPath(spoolPath);
    if (existsSync(events)) {
      const found = await attach(store, {
        path: events,
        name: `${run.name}-kv-events`,
        ours: true,
      });
      attached.push(found);
      if (found.id !== null && run.engine !== undefined) {
        stored = { ...run, engine: { ...run.engine, requestTrace: found.id } };
      }
    }
    for (const file of attachments) attached.push(await attach(store, file));
    const id = await store.saveRun(stored, spool.series, spool.batches(), () => spool.reasons);
    rmSync(spoolPath, { force: true });
    rmSync(marksPath(spoolPath), { force: true });
    return { id, run: stored, attached };
  } finally {
    await store.close();
  }
}
