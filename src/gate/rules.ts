import { z } from "zod";
import { usageError } from "../model/errors.ts";

const level = z.enum(["off", "warn", "error"]).default("error");

/** A rule as `spillway.json` or a flag gives it. */
export const ruleSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("budget"),
    metric: z.string().min(1),
    op: z.enum(["<", "<=", ">", ">="]),
    bound: z.number(),
    level,
  }),
  z.strictObject({
    kind: z.literal("baseline"),
    metric: z.string().min(1).describe("a name, or * for every metric with a direction"),
    /** Relative difference that exact metrics may have. */
    tolerance: z.number().nonnegative().default(0),
    /** Relative change below which a sampled difference does not matter. */
    minEffect: z.number().nonnegative().default(0.03),
    level,
  }),
]);

export type Rule = z.infer<typeof ruleSchema>;
export type BudgetRule = Extract<Rule, { kind: "budget" }>;
export type BaselineRule = Extract<Rule, { kind: "baseline" }>;

/** What the key `gate` of `spillway.json` may hold. */
export const gateConfigSchema = z.strictObject({
  baseline: z.string().min(1).optional().describe("the baseline in use: a name, an id or a file"),
  rules: z.array(ruleSchema).default([]),
  acks: z.array(z.strictObject({
    metric: z.string().min(1),
    until: z.iso.date(),
    reason: z.string().min(1),
    who: z.string().min(1),
  })).default([]),
});

export type GateConfig = z.infer<typeof gateConfigSchema>;

/** Parses `ttft_p99_seconds<2`. @throws usage error. */
export function parseBudget(text: string): BudgetRule {
  const match = /^\s*([\w./-]+)\s*(<=|>=|<|>)\s*(-?[0-9.]+(?:e[+-]?[0-9]+)?)\s*$/i.exec(text);
  if (match === null || !Number.isFinite(Number(match[3]))) {
    throw usageError(
      `--budget: "${text}" is not a bound`,
      'write METRIC<NUMBER, such as "ttft_p99_seconds<2" or "paged/peak_reserved_bytes<=4e9"',
    );
  }
  return {
    kind: "budget",
    metric: match[1],
    op: match[2] as BudgetRule["op"],
    bound: Number(match[3]),
    level: "error",
  };
}
