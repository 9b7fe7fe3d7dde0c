import { parentPort, workerData } from "node:worker_threads";
import { messageOf, SpillwayError } from "../model/errors.ts";
import { flatten, unflatten } from "./flat_message.ts";
import type { Failure, WorkerModule } from "./worker_pool.ts";

/**
 * The thread of a worker: loads the module once, then handles one job a message. It asks for its first job
 * when it listens: a message that comes before that is lost.
 */
async function main(): Promise<void> {
  const { moduleUrl, shared } = workerData as { moduleUrl: string; shared: unknown };
  const material = unflatten(shared);
  const { handle } = (await import(moduleUrl)) as WorkerModule<unknown, unknown, unknown>;
  parentPort!.on("message", async ({ index, job }: { index: number; job: unknown }) => {
    try {
      const output = await handle(material, unflatten(job));
      parentPort!.postMessage({ index, output: flatten(output) });
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
