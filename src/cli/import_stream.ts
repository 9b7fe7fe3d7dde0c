import { Worker } from "node:worker_threads";
import { type ErrorKind, SpillwayError } from "../model/errors.ts";
import type { TraceColumns, TraceStream, TraceSummary } from "../model/trace/trace.ts";
import { reopenInput } from "../ingest/input.ts";
import type { LargeInput } from "../ingest/import_trace.ts";
import { unflatten } from "../runtime/flat_message.ts";

/** What the worker posts: batches, then a summary; or an error. */
export interface FromWorker {
  /** The columns of a batch, flattened. */
  readonly batch?: unknown;
  readonly summary?: TraceSummary;
  readonly error?: { kind: ErrorKind | null; message: string; hint: string | undefined };
}

/** Batches that the worker may be ahead. */
const AHEAD = 4;

/**
 * A large input read on a worker, so that parsing and storing run at the same time. The worker stops when
 * the batches are no longer asked for.
 */
export function streamOnWorker(input: LargeInput): TraceStream {
  let summary: TraceSummary | null = null;
  async function* batches(): AsyncGenerator<TraceColumns> {
    const sha256 = reopenInput(input.label, input.file).sha256();
    sha256.catch(() => {});
    const worker = new Worker(new URL("./import_worker.ts", import.meta.url), {
      workerData: input,
    });
    const queue: FromWorker[] = [];
    let wake = () => {};
    worker.on("message", (message: FromWorker) => {
      queue.push(message);
      wake();
    });
    worker.on("error", (error: Error) => {
      queue.push({ error: { kind: null, message: error.message, hint: undefined } });
      wake();
    });
    try {
      for (let i = 0; i < AHEAD; i++) worker.postMessage("more");
      for (;;) {
        while (queue.length === 0) await new Promise<void>((resolve) => wake = resolve);
        const { batch, error, summary: last } = queue.shift()!;
        if (error !== undefined) {
          if (error.kind === null) throw new Error(error.message);
          throw new SpillwayError(error.kind, error.message, error.hint);
        }
        if (batch === undefined) {
          summary = { ...last!, sha256: await sha256 };
          return;
        }
        worker.postMessage("more");
        yield unflatten<TraceColumns>(batch);
      }
    } finally {
      await worker.terminate();
    }
  }
  return {
    kind: input.kind,
    format: input.format,
    batches,
    finish: () => {
      if (summary === null) throw new Error("the stream was not read to its end");
      return summary;
    },
  };
}

/** Whether this program can start another of its own files as a worker: not from a single binary. */
export function canUseWorkers(): boolean {
  return !import.meta.url.includes("$bunfs");
}
