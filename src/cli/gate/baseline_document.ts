import { z } from "zod";
import type { Side } from "../../gate/observations.ts";
import { dataError, messageOf } from "../../model/errors.ts";
import { readTextIfExists } from "../../runtime/files.ts";

const observationSchema = z.strictObject({
  unit: z.string(),
  better: z.enum(["lower", "higher", "none"]),
  nature: z.enum(["exact", "sampled"]),
  evidence: z.enum(["measured", "replayed", "modelled", "assumed"]),
  values: z.array(z.number()),
  digits: z.array(z.string()).nullable().optional()
    .describe("the values digit by digit, where a double cannot hold one"),
  low: z.number().nullable(),
  high: z.number().nullable(),
  missing: z.string().nullable(),
}).refine(
  ({ values, missing }) => values.length > 0 || missing !== null,
  "no values, and missing does not say why",
).refine(
  ({ values, digits }) =>
    (digits ?? values).length === values.length &&
    (digits ?? []).every((text, i) => Number(text) === values[i]),
  "digits are not those of the values",
);

/** A baseline as a file in the repository or an entry of the store. */
export const baselineSchema = z.strictObject({
  schema: z.literal("spillway/baseline/1"),
  name: z.string(),
  createdAt: z.string(),
  tool: z.strictObject({ name: z.literal("spillway"), version: z.string() }),
  git: z.strictObject({ commit: z.string(), dirty: z.boolean() }).nullable(),
  fingerprint: z.record(z.string(), z.unknown()),
  incomplete: z.string().nullable(),
  observations: z.record(z.string(), observationSchema),
});

export type BaselineDocument = z.infer<typeof baselineSchema>;

/** A baseline as the reference side of a gate. */
export function baselineSide(document: BaselineDocument): Side {
  const { name, fingerprint, incomplete, observations } = document;
  return { name: `baseline ${name}`, fingerprint, incomplete, observations };
}

/** Reads a baseline file. @throws data error naming the file and the field. */
export function readBaselineFile(path: string): BaselineDocument {
  const text = readTextIfExists(path);
  if (text === null) {
    throw dataError(
      `${path}: there is no such baseline file`,
      '"spillway baseline save" makes one',
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(`${path}: not valid JSON: ${messageOf(error)}`);
  }
  return parseBaseline(json, path);
}

/** Checks what should be a baseline. @throws data error. */
export function parseBaseline(json: unknown, place: string): BaselineDocument {
  const parsed = baselineSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw dataError(
    `${place}: no baseline of this version: ${issue.path.join(".")}: ${issue.message}`,
    'make it again with "spillway baseline save"',
  );
}
