import { z } from "zod";
import { toolSchema } from "./metric_schema.ts";
import { traceStampSchema } from "./replay_schema.ts";

/** `--json` of `replay validate`. */
export const validationSchema = z.strictObject({
  schema: z.literal("spillway/validation/1"),
  tool: toolSchema,
  run: z.strictObject({ id: z.string().nullable(), name: z.string() }),
  trace: traceStampSchema,
  policy: z.literal("as-run"),
  params: z.record(z.string(), z.unknown()),
  profiles: z.strictObject({ hardware: z.string(), llm: z.string() }),
  assumed: z.array(z.string()).describe("what nobody said, with what was taken instead"),
  notes: z.array(z.string()).describe("what the trace of the requests leaves out"),
  rows: z.array(z.strictObject({
    quantity: z.string(),
    unit: z.string(),
    reproduced: z.number().nullable(),
    counted: z.number().nullable(),
    difference: z.number().nullable(),
    differenceUnit: z.enum(["points", "percent"]),
    bar: z.number().nullable(),
    verdict: z.enum(["within", "beyond", "shown", "not counted"]),
    reason: z.string().optional(),
  })),
  verdict: z.enum(["reproduced", "missed", "inconclusive"]),
  sentence: z.string(),
});
