import type { ReplayDocument } from "../model/results.ts";
import type { Trace } from "../model/trace/trace.ts";
import { ownCommand } from "../runtime/self.ts";
import type { Output } from "./output.ts";

/** Stores a trace (unless it came from the store) and its replay; the document then names the trace's id. */
export async function saveReplay(
  document: ReplayDocument,
  trace: Trace & { readonly id?: string | null },
  name: string,
  storePath: string,
  out: Output,
): Promise<ReplayDocument> {
  const { openStore } = await import("../store/open.ts");
  const store = await openStore(storePath, { mode: "create" });
  try {
    const traceId = trace.id ?? await store.saveTrace(trace, name);
    const named = { ...document.trace, id: traceId };
    const stamped = { ...document, command: ownCommand(), trace: named };
    const id = await store.saveDocument("replay", name, stamped);
    await out.note(`saved trace ${traceId} and replay ${id} in ${storePath}`);
    return stamped;
  } finally {
    await store.close();
  }
}
