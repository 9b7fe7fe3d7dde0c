import { messageOf } from "../../model/errors.ts";
import type { RunEngine } from "../../model/engine_config.ts";
import type { Trace } from "../../model/trace/trace.ts";

export interface GuardInput {
  readonly trace: Trace & { readonly id: string | null };
  readonly storePath: string;
  readonly hardware: string | null;
  readonly llm: string | null;
  readonly seed: number;
}

interface EngineRun {
  readonly id: string;
  readonly name: string;
  readonly engine: RunEngine;
}

/** The runs of the store whose requests are this trace. */
async function runsOf({ trace, storePath }: GuardInput): Promise<EngineRun[]> {
  const { storeExists } = await import("../../store/exists.ts");
  if (trace.id === null || !storeExists(storePath)) return [];
  const { openStore } = await import("../../store/open.ts");
  const store = await openStore(storePath, { mode: "read" });
  try {
    const found: EngineRun[] = [];
    for (const { id } of await store.list("run")) {
      const { record } = await store.run(id);
      const from = record.engine?.requestTrace;
      if (from === trace.id || (from !== undefined && from !== null && from === trace.name)) {
        found.push({ id, name: record.name, engine: record.engine! });
      }
    }
    return found;
  } finally {
    await store.close();
  }
}

/**
 * Why advice on a trace should not be trusted: it was recorded from an engine whose run is not reproduced
 * under as-run. Null when it is, or when the trace is of no recorded engine.
 */
export async function doubtOf(input: GuardInput): Promise<string | null> {
  for (const run of await runsOf(input)) {
    const { validateRun } = await import("./validate_run.ts");
    try {
      const { verdict, sentence } = await validateRun({
        run,
        engine: run.engine,
        trace: input.trace as Parameters<typeof validateRun>[0]["trace"],
        hardware: run.engine.config.hardware ?? input.hardware,
        llm: run.engine.config.llm ?? (run.engine.config.model === null ? input.llm : null),
        set: {},
        seed: input.seed,
      });
      if (verdict !== "reproduced") return `Recorded run ${run.name}: ${sentence}`;
    } catch (error) {
      return `Recorded run ${run.name} could not be replayed as it ran (${
        messageOf(error)
      }), so nothing ` +
        "says that a replay of it can be trusted.";
    }
  }
  return null;
}
