/**
 * The process that holds llama.cpp: reads one JSON request a line on stdin, answers one JSON line on
 * stdout. It is copied beside its `node_modules` and imports nothing of ours, so that a crash of native code
 * ends this process and not the tool.
 */
import { closeSync, fsyncSync, openSync, statSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

interface Sequence {
  readonly nextTokenIndex: number;
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
  evaluate(tokens: number[], options: object): AsyncGenerator<number>;
  saveStateToFile(path: string): Promise<unknown>;
  loadStateFromFile(path: string, risk: { acceptRisk: true }): Promise<unknown>;
  clearHistory(): Promise<void>;
}

interface Request {
  readonly op: "load" | "prefill" | "save" | "restore" | "decode" | "clear" | "quit";
  readonly path?: string;
  readonly tokens?: number[];
  readonly count?: number;
  readonly contextTokens?: number;
  readonly threads?: number;
}

let sequence: Sequence | null = null;

async function load(request: Request): Promise<void> {
  // A plain name, so that type checkers do not look for an optional package.
  const packageName = "node-llama-cpp";
  const { getLlama } = await import(packageName);
  const llama = await getLlama({
    gpu: false,
    build: "never",
    logLevel: "error",
    maxThreads: request.threads,
  });
  const model = await llama.loadModel({ modelPath: request.path });
  const context = await model.createContext({
    contextSize: request.contextTokens,
    threads: request.threads,
    batchSize: 512,
  });
  sequence = context.getSequence();
}

async function answer(request: Request): Promise<object> {
  if (request.op === "load") {
    await load(request);
    return {};
  }
  const current = sequence!;
  switch (request.op) {
    case "prefill":
      await current.evaluateWithoutGeneratingNewTokens(request.tokens!);
      return { contextTokens: current.nextTokenIndex };
    case "save": {
      await current.saveStateToFile(request.path!);
      const file = openSync(request.path!, "r+");
      fsyncSync(file);
      closeSync(file);
      return { bytes: statSync(request.path!).size };
    }
    case "restore":
      await current.loadStateFromFile(request.path!, { acceptRisk: true });
      return { bytes: statSync(request.path!).size, contextTokens: current.nextTokenIndex };
    case "decode": {
      const started = performance.now();
      const tokens: number[] = [];
      let firstSeconds = 0;
      const stream = current.evaluate(request.tokens!, { temperature: 0, yieldEogToken: true });
      for await (const token of stream) {
        if (tokens.length === 0) firstSeconds = (performance.now() - started) / 1000;
        tokens.push(token);
        if (tokens.length >= request.count!) break;
      }
      return { tokens, firstSeconds, contextTokens: current.nextTokenIndex };
    }
    default:
      await current.clearHistory();
      return {};
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  if (request.op === "quit") break;
  const started = performance.now();
  try {
    const result = await answer(request);
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(JSON.stringify({ seconds, ...result }) + "\n");
  } catch (error) {
    process.stdout.write(
      JSON.stringify({ error: String((error as Error).message ?? error) }) + "\n",
    );
  }
}
process.exit(0);
