import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { dataError, environmentError, messageOf } from "../../model/errors.ts";
import type { Metrics } from "../../model/metric.ts";
import type { MeasuredQuantity } from "../../model/prediction.ts";

const quantity = z.object({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  repeats: z.number(),
});

/** The part of a `bench … --json` document that predictions and scores read. */
export const benchDocumentSchema = z.looseObject({
  schema: z.literal("spillway/bench/1"),
  workload: z.string(),
  params: z.record(z.string(), z.unknown()),
  seed: z.number(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  phases: z.array(z.looseObject({
    name: z.string(),
    seconds: z.number(),
    bytesRead: z.number(),
    bytesWritten: z.number(),
    operations: z.number(),
  })).default([]),
  quantities: z.record(z.string(), quantity).default({}),
});

export type BenchDocument = z.infer<typeof benchDocumentSchema>;

/** Reads a JSON file. @throws environment or data error that names it. */
export function readJsonFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (!existsSync(path)) {
      throw dataError(`${path} does not exist`, '"spillway bench … --json > FILE" makes one');
    }
    throw environmentError(`${path} cannot be read: ${messageOf(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw dataError(`${path}: not valid JSON: the --json output of a run was expected`);
  }
}

/** A recorded run of a workload. @throws data error when the document is another kind. */
export function parseBenchDocument(json: unknown, label: string): BenchDocument {
  const parsed = benchDocumentSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw dataError(
    `${label}: ${issue.path.join(".") || "top level"}: ${issue.message}`,
    'expected the output of "spillway bench … --json"',
  );
}

/** What a recorded run can be judged by. */
export function benchQuantities(document: BenchDocument): Map<string, MeasuredQuantity> {
  const once = (value: number): MeasuredQuantity => ({
    value,
    low: value,
    high: value,
    repeats: 1,
  });
  return new Map([
    ...document.phases.flatMap((p): [string, MeasuredQuantity][] => [
      [`${p.name} operations`, once(p.operations)],
      [`${p.name} seconds`, once(p.seconds)],
      [`${p.name} bytes`, once(p.bytesRead + p.bytesWritten)],
    ]),
    ...Object.entries(document.quantities),
  ]);
}

/** Metrics of a recording or a replay as quantities; unknown ones are left out. */
export function metricQuantities(metrics: Metrics): Map<string, MeasuredQuantity> {
  return new Map(
    Object.entries(metrics).flatMap(([id, m]): [string, MeasuredQuantity][] => {
      if (m.value === null) return [];
      const value = Number(m.value);
      return [[id, {
        value,
        low: m.low ?? value,
        high: m.high ?? value,
        repeats: m.count ?? 1,
      }]];
    }),
  );
}
