import { z } from "zod";
import { usageError } from "../model/errors.ts";

const level = z.enum(["off", "warn", "error"]).default("error");
const metric = z.string().min(1).describe(
  "a metric id, policy/metric, or * for every metric with a direction",
);
const ifPresent = z.boolean().default(false).describe(
  "leave the rule out where neither side has the metric, instead of calling it inconclusive",
);

/** A rule as `spillway.json`, a preset or a flag gives it. */
export const ruleSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("budget"),
    metric,
    op: z.enum(["<", "<=", ">", ">="]),
    bound: z.number(),
    level,
    ifPresent,
  }),
  z.strictObject({
    kind: z.literal("baseline"),
    metric,
    /** Relative difference that exact metrics may have. */
    tolerance: z.number().nonnegative().default(0),
    /** Relative change below which a sampled difference does not matter. */
    minEffect: z.number().nonnegative().default(0.03),
    level,
    ifPresent,
  }),
  z.strictObject({
    kind: z.literal("trend"),
    metric,
    /** Runs that change points are sought in together. */
    window: z.number().int().min(10).default(50),
    maxP: z.number().positive().max(0.5).default(0.001),
    /** Relative change of the level below which a change point does not matter. */
    minEffect: z.number().nonnegative().default(0.03),
    /** A change longer ago than this many runs is told but does not fail. */
    recent: z.number().int().positive().default(10),
    // A trend finds a change late and over noisy history: it advises unless it is told to enforce.
    level: z.enum(["off", "warn", "error"]).default("warn"),
    ifPresent,
  }),
]);

export type Rule = z.infer<typeof ruleSchema>;
export type BudgetRule = Extract<Rule, { kind: "budget" }>;
export type BaselineRule = Extract<Rule, { kind: "baseline" }>;
export type TrendRule = Extract<Rule, { kind: "trend" }>;

/** A failure that somebody knows of: it warns until the day after `until`, then it fails again. */
export const ackSchema = z.strictObject({
  metric: z.string().min(1)
    .refine((name) => name !== "*", "name one metric: nobody has seen every failure")
    .describe("as in a rule: a metric id or policy/metric"),
  until: z.iso.date().describe("last day on which it counts"),
  reason: z.string().min(1),
  who: z.string().min(1),
});

export type Ack = z.infer<typeof ackSchema>;

/** Names of the presets of `presets.ts`. */
export const PRESET_NAMES = ["memory", "serving", "training", "storage", "green", "time"] as const;
export type PresetName = typeof PRESET_NAMES[number];

/** What the key `gate` of `spillway.json` may hold. */
export const gateConfigSchema = z.strictObject({
  baseline: z.string().min(1).optional().describe("the baseline in use: a name, an id or a file"),
  presets: z.array(z.enum(PRESET_NAMES)).default([]).describe("sets of rules to start from"),
  noise: z.number().nonnegative().optional().describe("run-to-run noise of this machine"),
  rules: z.array(ruleSchema).default([]),
  acks: z.array(ackSchema).default([]),
});

export type GateConfig = z.infer<typeof gateConfigSchema>;

/** What rules are judged by. */
export type JudgedConfig = Pick<GateConfig, "rules" | "acks">;

/** Parses `ttft_p99_seconds<2`. @throws usage error. */
export function parseBudget(text: string): BudgetRule {
  const match = /^\s*([\w./=,@ -]+?)\s*(<=|>=|<|>)\s*(-?[0-9.]+(?:e[+-]?[0-9]+)?)\s*$/i.exec(text);
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
    ifPresent: false,
  };
}
