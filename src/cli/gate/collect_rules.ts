import { combineRules } from "../../gate/presets.ts";
import {
  type BudgetRule,
  gateConfigSchema,
  type JudgedConfig,
  type PresetName,
  type Rule,
} from "../../gate/rules.ts";
import { dataError, usageError } from "../../model/errors.ts";
import { CONFIG_FILE } from "../config_file.ts";

/** What the flags of `gate` say about rules. */
export interface RuleFlags {
  readonly budget?: readonly BudgetRule[];
  readonly baseline?: string;
  readonly metric?: readonly string[];
  readonly trend?: readonly string[];
  readonly preset?: readonly PresetName[];
  readonly tolerance: number;
  readonly minEffect: number;
  readonly noise?: number;
  /** Given when two commands are run in turns. */
  readonly a?: string;
}

export interface CollectedRules {
  readonly config: JudgedConfig;
  readonly baseline: string | undefined;
  readonly noise: number;
}

/**
 * Rules of the presets, of the config file's `gate` and of the flags, later ones replacing earlier ones.
 *
 * @throws data error for a wrong config file, usage error when there is no rule at all.
 */
export function collectRules(flags: RuleFlags, gateConfig: unknown): CollectedRules {
  const parsed = gateConfigSchema.safeParse(gateConfig ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw dataError(
      `${CONFIG_FILE}: gate.${issue.path.join(".")}: ${issue.message}`,
      '"spillway schema config" prints what it may hold',
    );
  }
  const { presets, rules: written, acks } = parsed.data;
  const baseline = flags.baseline ?? parsed.data.baseline;
  const base = combineRules([...presets, ...(flags.preset ?? [])], written);
  const given: Rule[] = [
    ...(flags.budget ?? []),
    ...(flags.trend ?? []).map((metric): Rule => ({
      kind: "trend",
      metric,
      window: 50,
      maxP: 0.001,
      minEffect: flags.minEffect,
      recent: 10,
      level: "warn",
      ifPresent: false,
    })),
  ];
  const names = flags.metric ?? defaultMetrics(flags, baseline, [...base, ...given]);
  const compared = names.map((metric): Rule => ({
    kind: "baseline",
    metric,
    tolerance: flags.tolerance,
    minEffect: flags.minEffect,
    level: "error",
    ifPresent: false,
  }));
  const rules = combineRules([], [...base, ...given, ...compared]);
  if (rules.length === 0) {
    throw usageError(
      "gate: there is no rule to judge by",
      'give --budget "METRIC<NUMBER", --baseline NAME, --trend METRIC or --preset NAME, or write ' +
        `gate.rules into ${CONFIG_FILE}`,
    );
  }
  return { config: { rules, acks }, baseline, noise: flags.noise ?? parsed.data.noise ?? 0 };
}

/** Which metrics are compared when neither a rule nor a flag names any. */
function defaultMetrics(
  flags: RuleFlags,
  baseline: string | undefined,
  rules: readonly Rule[],
): readonly string[] {
  if (rules.some((r) => r.kind === "baseline")) return [];
  // Commands are timed; every further metric would cost power (Holm), so that it must be asked for.
  if (flags.a !== undefined) return ["run_seconds"];
  return baseline === undefined ? [] : ["*"];
}
