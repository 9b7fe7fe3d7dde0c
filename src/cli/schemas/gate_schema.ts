import { z } from "zod";

const status = z.enum(["pass", "fail", "inconclusive", "error"]);

/** `Verdict` (src/gate/verdict.ts) as JSON. */
export const gateSchema = z.strictObject({
  schema: z.literal("spillway/gate/1"),
  verdict: status,
  exitCode: z.number().describe("what the process ends with: read this, not only the status"),
  enforced: z.boolean().describe("false when every rule only warns"),
  strict: z.boolean(),
  subject: z.string(),
  baseline: z.string().nullable(),
  rules: z.array(z.strictObject({
    name: z.string(),
    kind: z.enum(["budget", "baseline", "trend"]),
    op: z.enum(["<", "<=", ">", ">="]).optional().describe("operator of a budget"),
    level: z.enum(["off", "warn", "error"]),
    status,
    unit: z.string(),
    reference: z.number().nullable().describe("bound, baseline's median, or level before"),
    current: z.number().nullable(),
    delta: z.number().nullable().describe("(current - reference) / |reference|"),
    interval: z.tuple([z.number(), z.number()]).nullable()
      .describe("Hodges-Lehmann interval of delta, 95 %"),
    p: z.number().nullable().describe("after Holm's correction for baselines"),
    minDetectable: z.number().nullable()
      .describe("change that these runs would show with a power of 80 %"),
    trend: z.array(z.strictObject({
      run: z.string(),
      at: z.string(),
      runsAgo: z.number(),
      before: z.number(),
      after: z.number(),
      delta: z.number().nullable(),
      p: z.number(),
    })).optional().describe("change points, oldest first"),
    runs: z.tuple([z.number(), z.number()]),
    evidence: z.string().nullable(),
    reason: z.string(),
  })),
});
