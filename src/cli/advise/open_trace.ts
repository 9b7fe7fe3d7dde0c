import type { Profiles } from "../../model/profiles/profiles.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { type LoadedTrace, loadTrace } from "../load_trace.ts";

/** What to do when none was named. */
export const HOW_TO_NAME_A_TRACE =
  'T is a file or a trace of the store; "spillway ls --kind trace" lists those, ' +
  '"spillway generate requests" writes one to try';

export interface OpenTraceOptions {
  readonly storePath: string;
  readonly format?: string;
  readonly profiles: Profiles;
  readonly seed: number;
}

/**
 * A trace as every `replay` takes it: described (`model:batch=8,seq=2048`, `exponential:nodes=64,…`), an id
 * or name of the store, or a file.
 */
export async function openTrace(argument: string, options: OpenTraceOptions): Promise<LoadedTrace> {
  const made = await described(argument, options);
  if (made !== null) return { ...made, id: null, close: () => Promise.resolve() };
  return await loadTrace(argument, {
    storePath: options.storePath,
    ...(options.format === undefined ? {} : { format: options.format }),
  });
}

async function described(argument: string, options: OpenTraceOptions): Promise<Trace | null> {
  const { describedTrace } = await import("../training/step_spec.ts");
  const step = await describedTrace(argument, options.profiles);
  if (step !== null) return step;
  const { generatedTrace, parseGenerator } = await import("../fault/generator_spec.ts");
  const spec = parseGenerator(argument);
  return spec === null ? null : generatedTrace(argument, spec, options.seed);
}
