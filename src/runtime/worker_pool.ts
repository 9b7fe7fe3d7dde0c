import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type ErrorKind, SpillwayError } from "../model/errors.ts";
import { flatten, unflatten } from "./flat_message.ts";

/** What a worker module exports: one job in, one result out; `shared` is the same for every job. */
export interface WorkerModule<S, I, O> {
  handle(shared: S, job: I): O | Promise<O>;
}

export interface PoolOptions {
  /** Number of workers; the number of cores when absent. */
  readonly workers?: number;
  /** Called after each job, in the order in which jobs end. */
  readonly onDone?: (done: number, total: number) => void;
  /** Called with each result, in the order in which jobs end: for results kept as they come. */
  readonly onResult?: (index: number, output: unknown) => void;
}

/** What a job threw, as a message carries it. */
export interface Failure {
  readonly message: string;
  /** Given for an error that the user can do something about. */
  readonly known?: { readonly kind: ErrorKind; readonly hint: string | undefined };
}

/** The error of a job: a user's error as it was, any other with the number of the job. */
function errorOf(index: number, { message, known }: Failure): Error {
  return known === undefined
    ? new Error(`job ${index}: ${message}`)
    : new SpillwayError(known.kind, message, known.hint);
}

interface Reply {
  /** The worker listens and wants its first job. */
  readonly ready?: boolean;
  readonly index: number;
  /** The result, flattened. */
  readonly output?: unknown;
  readonly error?: Failure;
}

/** Cores this process may use. */
export function coreCount(): number {
  return availableParallelism();
}

/** Threads that keep what they share; jobs can be given to them again and again. */
export interface WorkerPool<I, O> {
  /** Runs jobs and returns the results in their order. @throws a user's error as a job threw it, others numbered. */
  run(jobs: readonly I[], options?: PoolOptions): Promise<O[]>;
  close(): Promise<void>;
}

/**
 * Runs jobs on worker threads and returns the results in the order of the jobs, whatever the number of
 * workers. Typed arrays over SharedArrayBuffer in `shared` are not copied ({@link shareArrays}).
 *
 * One worker, or one job, runs in this thread: nothing is started for it.
 *
 * @param moduleUrl URL of a {@link WorkerModule}; pass `import.meta.resolve`d or `new URL(...)` hrefs.
 * @throws a user's error as a job threw it, any other with the job's number.
 */
export async function runOnWorkers<S, I, O>(
  moduleUrl: string,
  shared: S,
  jobs: readonly I[],
  options: PoolOptions = {},
): Promise<O[]> {
  const count = Math.min(options.workers ?? coreCount(), jobs.length);
  const pool = openWorkers<S, I, O>(moduleUrl, shared, count);
  try {
    return await pool.run(jobs, options);
  } finally {
    await pool.close();
  }
}

/** Starts worker threads for several rounds of jobs; with one worker, jobs run in this thread. */
export function openWorkers<S, I, O>(
  moduleUrl: string,
  shared: S,
  count: number,
): WorkerPool<I, O> {
  if (count <= 1) {
    return {
      run: (jobs, options) => runHere(moduleUrl, shared, jobs, options),
      close: async () => {},
    };
  }
  let closing = false;
  const workerData = { moduleUrl, shared: flatten(shared) };
  const crew = Array.from({ length: count }, (): Member => {
    const worker = new Worker(new URL("./worker_entry.ts", import.meta.url), {
      workerData,
    });
    const member: Member = { worker, ready: false, isReady() {}, answered() {}, failed() {} };
    worker.on("message", (reply: Reply) => {
      if (reply.ready !== true) return member.answered(reply);
      member.ready = true;
      member.isReady();
    });
    worker.on("error", (error) => member.failed(error));
    worker.on("exit", (code) => {
      if (!closing) member.failed(new Error(`a worker ended early with code ${code}`));
    });
    return member;
  });
  return {
    run: (jobs, options = {}) => drain<I, O>(crew, jobs, options),
    close: async () => {
      closing = true;
      await Promise.all(crew.map(({ worker }) => worker.terminate()));
    },
  };
}

/** A worker, and who is told of what it sends. */
interface Member {
  readonly worker: Worker;
  /** Whether it listens: a message that comes before that is lost. */
  ready: boolean;
  isReady: () => void;
  answered: (reply: Reply) => void;
  failed: (error: unknown) => void;
}

async function runHere<S, I, O>(
  moduleUrl: string,
  shared: S,
  jobs: readonly I[],
  options: PoolOptions = {},
): Promise<O[]> {
  const { handle } = (await import(moduleUrl)) as WorkerModule<S, I, O>;
  const outputs: O[] = [];
  for (const job of jobs) {
    outputs.push(await handle(shared, job));
    options.onResult?.(outputs.length - 1, outputs[outputs.length - 1]);
    options.onDone?.(outputs.length, jobs.length);
  }
  return outputs;
}

function drain<I, O>(
  crew: readonly Member[],
  jobs: readonly I[],
  options: PoolOptions,
): Promise<O[]> {
  const outputs = new Array<O>(jobs.length);
  if (jobs.length === 0) return Promise.resolve(outputs);
  let next = 0;
  let done = 0;
  return new Promise<O[]>((resolve, reject) => {
    for (const member of crew) {
      const give = () => {
        if (next < jobs.length) {
          const index = next++;
          member.worker.postMessage({ index, job: flatten(jobs[index]) });
        }
      };
      member.failed = reject;
      member.answered = (reply) => {
        if (reply.error !== undefined) {
          reject(errorOf(reply.index, reply.error));
          return;
        }
        const output = unflatten<O>(reply.output);
        outputs[reply.index] = output;
        options.onResult?.(reply.index, output);
        done++;
        options.onDone?.(done, jobs.length);
        if (done === jobs.length) resolve(outputs);
        else give();
      };
      member.isReady = give;
      if (member.ready) give();
    }
  });
}

/**
 * A copy of an object whose typed arrays lie in shared memory, so that posting it to workers copies
 * nothing. Other values are kept as they are.
 */
export function shareArrays<T>(value: T): T {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const source = value as unknown as Uint8Array;
    if (source.buffer instanceof SharedArrayBuffer) return value;
    const buffer = new SharedArrayBuffer(source.byteLength);
    const Type = source.constructor as new (b: SharedArrayBuffer) => Uint8Array;
    const copy = new Type(buffer);
    copy.set(source);
    return copy as unknown as T;
  }
  if (Array.isArray(value)) return value.map(shareArrays) as unknown as T;
  if (
    value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype
  ) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, shareArrays(v)])) as T;
  }
  return value;
}
