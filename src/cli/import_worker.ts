import { parentPort, workerData } from "node:worker_threads";
import { messageOf, SpillwayError } from "../model/errors.ts";
import type { TraceColumns } from "../model/trace/trace.ts";
import { reopenInput } from "../ingest/input.ts";
import type { LargeInput } from "../ingest/import_trace.ts";
import { withPlaces } from "../ingest/place.ts";
import { FORMATS } from "../registry/formats.ts";
import { flatten } from "../runtime/flat_message.ts";
import type { FromWorker } from "./import_stream.ts";

/** The buffers of a batch, which are handed over rather than copied. */
function buffersOf(columns: TraceColumns): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const value of Object.values(columns)) {
    if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
  }
  return [...buffers];
}

/** Reads a large input on a thread of its own and posts its batches, a few ahead of who stores them. */
async function main(): Promise<void> {
  const port = parentPort!;
  const { label, file, format } = workerData as LargeInput;
  const post = (message: FromWorker, buffers: ArrayBuffer[] = []) =>
    port.postMessage(message, buffers);
  let credits = 0;
  let wake = () => {};
  port.on("message", () => {
    credits++;
    wake();
  });
  try {
    const importer = await FORMATS.find((f) => f.name === format)!.load();
    // The other thread hashes the file: this one has more to do.
    const input = { ...reopenInput(label, file), sha256: () => Promise.resolve("") };
    const stream = importer.stream!(input);
    const batches = stream.batches()[Symbol.asyncIterator]();
    for (;;) {
      const next = await withPlaces(label, () => batches.next());
      if (next.done) break;
      while (credits === 0) await new Promise<void>((resolve) => wake = resolve);
      credits--;
      post({ batch: flatten(next.value) }, buffersOf(next.value));
    }
    post({ summary: stream.finish() });
  } catch (error) {
    const { kind, hint } = error instanceof SpillwayError ? error : { kind: null, hint: undefined };
    post({ error: { kind, message: messageOf(error), hint } });
  }
}

await main();
