import { usageError } from "../../model/errors.ts";
import { parameterCount } from "../../model/llm_math.ts";
import { metricDefinition } from "../../model/metrics/catalog.ts";
import type { Slo } from "../../search/advise/slo.ts";
import type { Output } from "../output.ts";
import type { Assignment } from "../replay_params.ts";
import type { AdviseDocument } from "../schemas/advise_schema.ts";
import { type Answer, type Ask, searchTrace } from "./search_trace.ts";

/** Bytes of training state a parameter: 16-bit weights, 32-bit master copy and two moments. */
const STATE_BYTES = 14;

/** Bounds of one family of replays; those on prices hold for the whole job, which the second search prices. */
export function boundsFor(slos: readonly Slo[], stage: "step" | "faults"): Slo[] {
  return slos.filter((s) => {
    const family = metricDefinition(s.metric)?.family;
    const ofFaults = family === "fault" || family === "estimate";
    return stage === "faults" ? ofFaults : !ofFaults;
  });
}

/**
 * Searches fault-tolerance policies for the training step that a first search recommended: its time is the
 * iteration, its GPUs are the job's, its state is the checkpoint. A step's place and its protection hardly
 * touch: lost work scales with the time of a step, so the best step stays the best.
 *
 * @throws usage error when the first search gives no step.
 */
export async function thenFaults(
  ask: Ask,
  step: Answer,
  faults: string,
  steps: number,
  out: Output,
): Promise<AdviseDocument> {
  const { chosen } = step;
  if (chosen === null || chosen.stepSeconds === null) {
    throw usageError(
      `--faults: the search of ${ask.trace} recommends no training step`,
      'name a step such as --trace "model:batch=8,seq=2048"',
    );
  }
  const { llm, hardware } = ask.profiles;
  const gpus = (chosen.usage?.devices ?? []).filter((d) => d.kind === "gpu").reduce(
    (a, d) => a + d.count,
    0,
  );
  const given = new Set(ask.space.set.map((a) => a.key));
  const derived: Record<string, number> = {
    iteration: chosen.stepSeconds,
    useful: steps * chosen.stepSeconds,
    gpus,
    gpusPerNode: hardware?.gpu?.count ?? 8,
    ...(llm === null ? {} : { bytes: Math.round(STATE_BYTES * parameterCount(llm)) }),
  };
  const set = Object.entries(derived).filter(([key]) => !given.has(key))
    .map(([key, value]): Assignment => ({ policy: null, key, value: String(value) }));
  const { family: _, resume, ...rest } = ask;
  const { document } = await searchTrace({
    ...rest,
    trace: faults,
    space: { ...ask.space, set: [...ask.space.set, ...set] },
    slos: boundsFor(ask.slos, "faults"),
    notes: [],
    ...(resume === undefined ? {} : { resume: `${resume}.faults` }),
  }, out);
  return document;
}
