import type { EstimateContext } from "../../estimate/usage/context.ts";
import { phasesOf, phaseUse, requestShare } from "../../estimate/phases.ts";
import type { TokenWork } from "../../estimate/formulas/attribution.ts";
import { dataError } from "../../model/errors.ts";
import type { MetricValue } from "../../model/metric.ts";
import type { EstimateDocument } from "../../model/results.ts";
import { factorVariables } from "../../estimate/factors/variables.ts";
import { cornerInterval, type Interval } from "../../estimate/interval.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import { loadTrace } from "../load_trace.ts";
import type { Subject } from "./subject.ts";

type Result = EstimateDocument["results"][number];

/** A known metric from low to high; null when it is unknown. */
function intervalOf(metric: MetricValue | undefined): Interval | null {
  if (typeof metric?.value !== "number") return null;
  const mid = metric.value;
  return { low: metric.low ?? mid, mid, high: metric.high ?? mid };
}

/** What the parts of a result's energy stand on: what its energy does, and the words for the sharing. */
function groundsOf(result: Result, how: string, ids: readonly string[]) {
  const own = result.provenance.energy_joules;
  return {
    evidence: result.metrics.energy_joules.evidence,
    provenance: {
      formula: `${how}: ${own.formula}`,
      coefficients: [...new Set([...own.coefficients, ...ids])],
    },
  };
}

/** Energy between the marks of a run; nothing where it has no marks or no known energy. */
export async function phasePart(
  subject: Subject,
  document: EstimateDocument,
  context: EstimateContext,
): Promise<Pick<EstimateDocument, "phases">> {
  const { run, window } = subject;
  const total = intervalOf(document.results[0]?.metrics.energy_joules);
  if (run === null || window === null || run.marks.length === 0 || total === null) return {};
  const duration = run.durationNs / 1e9;
  const between = await subject.energyBetween();
  const energy = between === null
    ? null
    : (from: number, to: number) => between(window.startSeconds + from, window.startSeconds + to);
  const measured = Object.values(run.usage?.measured?.joules ?? {}).reduce((a, b) => a + b, 0);
  const rates = ["site.pue", "site.grid"].filter((id) => context.factors.has(id));
  const numbers = phaseUse(phasesOf(run.marks, duration), duration, energy, {
    joules: total,
    measuredJoules: energy === null ? 0 : measured,
    gramsPerKwh: rates.length < 2 ? null : cornerInterval(
      (get) => get("site.pue") * get("site.grid"),
      factorVariables(rates, context.factors),
    ),
  });
  const grounds = groundsOf(
    document.results[0],
    energy === null ? "share of the time" : "counters between the marks, the rest by time",
    rates.length < 2 ? [] : rates,
  );
  return { phases: numbers.map((n) => ({ ...n, ...grounds })) };
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
      const joules = intervalOf(r.metrics.energy_joules);
      if (joules === null) return [];
      const grams = intervalOf(r.metrics.total_grams_co2e);
      return [{
        ...requestShare(r.name, joules, grams, work, outputWeight),
        ...groundsOf(
          r,
          "share of token work",
          grams === null ? [] : r.provenance.total_grams_co2e.coefficients,
        ),
      }];
    }),
  };
}
