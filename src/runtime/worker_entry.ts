import { parentPort, workerData } from "node:worker_threads";
import { messageOf, SpillwayError } from "../model/errors.ts";
import type { Failure, WorkerModule } from "./worker_pool.ts";

/**
 * The thread of a worker: loads the module once, then handles one job a message. It asks for its first job
 * when it listens: a message that comes before that is lost.
 */
async function main(): Promise<void> {
  const { moduleUrl, shared } = workerData as { moduleUrl: string; shared: unknown };
  const { handle } = (await import(moduleUrl)) as WorkerModule<unknown, unknown, unknown>;
  parentPort!.on("message", async ({ index, job }: { index: number; job: unknown }) => {
    try {
      parentPort!.postMessage({ index, output: await handle(shared, job) });
    } catch (error) {
      parentPort!.postMessage({ index, error: failureOf(error) });
    }
  });
  parentPort!.postMessage({ ready: true });
}

/** What is sent of an error: a message carries no classes. */
function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  return error instanceof SpillwayError
    ? { message, known: { kind: error.kind, hint: error.hint } }
    : { message };
}

await main();
