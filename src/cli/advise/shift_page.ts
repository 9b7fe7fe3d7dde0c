import type { AdviceDocument } from "../../model/advice.ts";
import type { Json } from "../../model/json.ts";
import { metric } from "../../model/metric.ts";
import { VERSION } from "../../runtime/version.ts";
import type { ShiftDocument } from "../schemas/shift_schema.ts";

/**
 * A plan of deferrable work as the store keeps it and a report shows it.
 *
 * @param average,marginal Intensity of each slot of the window, g/kWh.
 */
export function shiftPage(
  document: ShiftDocument,
  label: string,
  average: Float64Array,
  marginal: Float64Array | null,
): AdviceDocument {
  const hours = document.job.slotSeconds / 3600;
  const line = (series: string, slots: Float64Array) =>
    Array.from(slots, (grams, i) => ({ x: i * hours, y: grams, series }));
  return {
    schema: "spillway/advice/1",
    tool: { name: "spillway", version: VERSION },
    summary: `shift by ${label}: ${document.advice}`,
    title: `When to run: ${label}`,
    verdicts: [document.advice],
    subjects: document.signals.flatMap((s) =>
      ([["best slots", s.interruptible], ["best start", s.contiguous], ["now", s.now]] as const)
        .flatMap(([name, plan]) =>
          plan === null ? [] : [{
            name: `${name} by the ${s.signal} signal: ${plan.starts.join(", ")}`,
            metrics: {
              operational_grams_co2e: metric(
                plan.computeGrams + plan.restartGrams,
                "gramsCo2e",
                document.evidence,
              ),
              total_grams_co2e: metric(plan.totalGrams, "gramsCo2e", document.evidence),
            },
            command: null,
          }]
        )
    ),
    figures: [{
      chart: "lines",
      title: `Grid intensity from ${document.job.start}`,
      rows: [
        ...line("average", average),
        ...(marginal === null ? [] : line("marginal", marginal)),
      ],
      options: { xTitle: "hours from the earliest start", yTitle: "g/kWh", height: 240 },
    }],
    coefficients: [],
    warnings: document.notes,
    answer: document as unknown as Json,
  };
}
