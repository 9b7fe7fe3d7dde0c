import { join } from "node:path";
import { statSync } from "node:fs";
import { environmentError } from "../../model/errors.ts";
import { checkGguf } from "../../parse/gguf.ts";
import { pathExists, readFileHead } from "../../runtime/files.ts";
import { type LlmEngine, startEngine } from "./engine.ts";
import { ENGINE_NAME } from "./engine_setup.ts";
import { MODEL_SHAPES, parameterCount, writeRandomModel } from "./random_model.ts";

/** What an engine is started with. */
export interface EngineChoice {
  /** Name of a generated model's shape; ignored when `file` is given. */
  readonly model: string;
  /** A GGUF model of the user's own. */
  readonly file: string | null;
  readonly threads: number;
  readonly contextTokens: number;
}

export const ENGINE_MODELS = MODEL_SHAPES.map((shape) => shape.name) as [string, ...string[]];

/** Disk space of a generated model's file, with the 16-bit weights that it has. */
export function modelBytes(choice: { model: string; file: string | null }): number {
  const shape = MODEL_SHAPES.find((s) => s.name === choice.model);
  return choice.file !== null || shape === undefined ? 0 : 2 * parameterCount(shape) + 2 ** 20;
}

/** How a model is named in profiles and notes. */
export function modelName(choice: { model: string; file: string | null }, seed: number): string {
  return choice.file ?? `${choice.model}, random weights of seed ${seed}`;
}

const HEAD_BYTES = 64 * 2 ** 20;

/** @throws environment error for a file that is missing; data error for one that is cut short or no GGUF. */
function checkModel(path: string): void {
  let bytes: number;
  try {
    bytes = statSync(path).size;
  } catch {
    throw environmentError(`the model file ${path} cannot be read`, "name a GGUF file");
  }
  checkGguf(readFileHead(path, HEAD_BYTES), bytes, path);
}

/**
 * Writes the model when it is a generated one that the folder lacks, starts the engine on it, and closes it afterwards, whatever
 * happens.
 */
export async function withEngine<T>(
  choice: EngineChoice,
  context: { readonly directory: string; readonly seed: number; readonly signal: AbortSignal },
  body: (engine: LlmEngine) => Promise<T>,
): Promise<T> {
  const path = choice.file ?? join(context.directory, `${choice.model}.gguf`);
  // Several engines of one run share the model: the folder is this run's own.
  if (choice.file === null && !pathExists(path)) {
    writeRandomModel(path, MODEL_SHAPES.find((s) => s.name === choice.model)!, context.seed);
  }
  checkModel(path);
  const engine = await startEngine(path, {
    contextTokens: choice.contextTokens,
    threads: choice.threads,
    signal: context.signal,
  });
  try {
    return await body(engine);
  } finally {
    await engine.close();
  }
}

export { ENGINE_NAME };
