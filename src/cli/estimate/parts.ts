import type { EstimateContext } from "../../estimate/usage/context.ts";
import { phasesOf, phaseUse, requestShare } from "../../estimate/phases.ts";
import type { TokenWork } from "../../estimate/formulas/attribution.ts";
import { dataError } from "../../model/errors.ts";
import type { EstimateDocument } from "../../model/results.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import { loadTrace } from "../load_trace.ts";
import type { Subject } from "./subject.ts";

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** Energy between the marks of a run; nothing where it has no marks or no known energy. */
export async function phasePart(
  subject: Subject,
  document: EstimateDocument,
  context: EstimateContext,
): Promise<Pick<EstimateDocument, "phases">> {
  const { run, window } = subject;
  const total = number(document.results[0]?.metrics.energy_joules?.value);
  if (run === null || window === null || run.marks.length === 0 || total === null) return {};
  const duration = run.durationNs / 1e9;
  const between = await subject.energyBetween();
  const energy = between === null
    ? null
    : (from: number, to: number) => between(window.startSeconds + from, window.startSeconds + to);
  const measured = Object.values(run.usage?.measured?.joules ?? {}).reduce((a, b) => a + b, 0);
  const [pue, grid] = ["site.pue", "site.grid"].map((id) => context.factors.get(id)?.value ?? null);
  return {
    phases: phaseUse(
      phasesOf(run.marks, duration),
      duration,
      energy,
      total,
      energy === null ? 0 : measured,
      pue === null || grid === null ? null : pue * grid,
    ),
  };
}

/** The energy of every result shared over the requests of a trace. @throws data error when it has none. */
export async function requestPart(
  argument: string,
  storePath: string,
  outputWeight: number,
  document: EstimateDocument,
): Promise<Pick<EstimateDocument, "requests">> {
  const trace = await loadTrace(argument, { storePath, kind: ["requests"] });
  const work: TokenWork[] = [];
  try {
    for await (const batch of trace.batches()) {
      const { count, inputTokens, outputTokens } = batch as RequestColumns;
      for (let i = 0; i < count; i++) {
        work.push({ inputTokens: inputTokens[i], outputTokens: outputTokens[i] });
      }
    }
  } finally {
    await trace.close();
  }
  if (work.length === 0) throw dataError(`--requests ${argument}: the trace has no requests`);
  return {
    requests: document.results.flatMap((r) => {
      const joules = number(r.metrics.energy_joules?.value);
      const grams = number(r.metrics.total_grams_co2e?.value);
      if (joules === null) return [];
      const rate = grams === null || joules === 0 ? null : grams / joules;
      return [requestShare(r.name, joules, rate, work, outputWeight)];
    }),
  };
}
