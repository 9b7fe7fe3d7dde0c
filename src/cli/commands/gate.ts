import { Command, EnumType } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import { type BudgetRule, gateConfigSchema, parseBudget, type Rule } from "../../gate/rules.ts";
import type { Side } from "../../gate/observations.ts";
import type { Verdict } from "../../gate/verdict.ts";
import { setExitCode, writeText } from "../../runtime/terminal.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";

type Format = "text" | "json" | "markdown" | "junit" | "openmetrics" | "github" | "gitlab";

interface Options extends GlobalOptions {
  readonly budget?: readonly BudgetRule[];
  readonly baseline?: string;
  readonly a?: string;
  readonly b?: string;
  readonly rounds: number;
  readonly metric?: readonly string[];
  readonly tolerance: number;
  readonly minEffect: number;
  readonly noise: number;
  readonly strict?: boolean;
  readonly format: Format;
}

const output = z.strictObject({
  schema: z.literal("spillway/gate/1"),
  verdict: z.enum(["pass", "fail", "inconclusive", "error"]),
  exitCode: z.number(),
  enforced: z.boolean(),
  strict: z.boolean(),
  subject: z.string(),
  baseline: z.string().nullable(),
  rules: z.array(z.strictObject({
    name: z.string(),
    kind: z.enum(["budget", "baseline"]),
    level: z.enum(["off", "warn", "error"]),
    status: z.enum(["pass", "fail", "inconclusive", "error"]),
    unit: z.string(),
    reference: z.number().nullable(),
    current: z.number().nullable(),
    delta: z.number().nullable(),
    p: z.number().nullable(),
    minDetectable: z.number().nullable().optional(),
    runs: z.tuple([z.number(), z.number()]),
    evidence: z.string().nullable(),
    reason: z.string(),
  })),
});

/** Rules of the config file, then those of the flags. */
function collectRules(options: Options, out: Output) {
  const parsed = gateConfigSchema.safeParse(out.config.gate ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw usageError(`spillway.json: gate.${issue.path.join(".")}: ${issue.message}`);
  }
  const rules: Rule[] = [...parsed.data.rules, ...(options.budget ?? [])];
  const baseline = options.baseline ?? parsed.data.baseline;
  const names = options.metric ?? defaultMetrics(options, baseline, rules);
  rules.push(...names.map((metric): Rule => ({
    kind: "baseline",
    metric,
    tolerance: options.tolerance,
    minEffect: options.minEffect,
    level: "error",
  })));
  if (rules.length === 0) {
    throw usageError(
      "gate: there is no rule to judge by",
      'give --budget "METRIC<NUMBER" or --baseline NAME, or write gate.rules into spillway.json',
    );
  }
  return { config: { rules, acks: parsed.data.acks }, baseline };
}

/** Which metrics are compared when neither a rule nor a flag names any. */
function defaultMetrics(
  options: Options,
  baseline: string | undefined,
  rules: readonly Rule[],
): readonly string[] {
  if (rules.some((r) => r.kind === "baseline")) return [];
  // Commands are timed; every further metric would cost power (Holm), so that it must be asked for.
  if (options.a !== undefined) return ["run_seconds"];
  return baseline === undefined ? [] : ["*"];
}

async function write(verdict: Verdict, format: Format, out: Output): Promise<void> {
  switch (format) {
    case "markdown":
      return await writeText(
        "stdout",
        (await import("../../gate/writers/markdown.ts")).toMarkdown(verdict),
      );
    case "junit":
      return await writeText(
        "stdout",
        (await import("../../gate/writers/junit.ts")).toJunit(verdict),
      );
    case "github":
      return await writeText(
        "stdout",
        (await import("../../gate/writers/github.ts")).toGithub(verdict),
      );
    case "gitlab":
      return await writeText(
        "stdout",
        (await import("../../gate/writers/gitlab.ts")).toGitlab(verdict),
      );
    case "openmetrics": {
      const { toOpenMetrics } = await import("../../gate/writers/openmetrics.ts");
      return await writeText("stdout", toOpenMetrics(verdict));
    }
    default: {
      const { renderVerdict } = await import("../gate/render_verdict.ts");
      const asJson = format === "json" ? { ...out, json: true } : out;
      if (asJson.json) return await writeText("stdout", JSON.stringify(verdict, null, 2) + "\n");
      return await out.emit(verdict, () => renderVerdict(verdict, out));
    }
  }
}

/** What is judged: the entries named, or what `--a` and `--b` gave when run in turns. */
async function loadSides(
  options: Options,
  ids: readonly string[],
  baseline: string | undefined,
  out: Output,
): Promise<{ current: Side; baseline: Side | null }> {
  const { openStore } = await import("../../store/open.ts");
  const { loadSide } = await import("../gate/load_side.ts");
  const path = out.setting("store").value!;
  const pair = options.a === undefined
    ? null
    : await (await import("../gate/interleave.ts")).recordInTurns(
      { a: options.a, b: options.b!, rounds: options.rounds, store: path },
      out,
    );
  const store = await openStore(path, { mode: "read" });
  try {
    if (pair !== null) {
      return { current: await loadSide(store, pair.b), baseline: await loadSide(store, pair.a) };
    }
    const { loadBaseline } = await import("../gate/load_baseline.ts");
    return {
      current: await loadSide(store, ids),
      baseline: baseline === undefined ? null : await loadBaseline(store, baseline),
    };
  } finally {
    await store.close();
  }
}

function checkSubject(options: Options, ids: readonly string[]): void {
  if ((options.a === undefined) !== (options.b === undefined)) {
    throw usageError("gate: --a and --b belong together", 'give both, such as --a "old" --b "new"');
  }
  if (options.a !== undefined && (ids.length > 0 || options.baseline !== undefined)) {
    throw usageError("gate: --a and --b are the two sides: no ids and no --baseline beside them");
  }
  if (options.a === undefined && ids.length === 0) {
    throw usageError(
      "gate: nothing to judge",
      "name runs, a replay or an estimate, or use --a and --b",
    );
  }
  if (!(options.rounds >= 1)) throw usageError(`--rounds: ${options.rounds} is not 1 or more`);
}

async function run(options: Options, ids: readonly string[]): Promise<void> {
  checkSubject(options, ids);
  const out = openOutput(options);
  const { config, baseline } = collectRules(options, out);
  const sides = await loadSides(options, ids, baseline, out);
  const { evaluateRules } = await import("../../gate/evaluate.ts");
  const { concludeVerdict } = await import("../../gate/verdict.ts");
  const today = new Date().toISOString().slice(0, 10);
  const rules = evaluateRules(config, sides.current, sides.baseline, {
    noise: options.noise,
    today,
  });
  const verdict = concludeVerdict(rules, {
    strict: options.strict ?? false,
    subject: sides.current.name,
    baseline: sides.baseline?.name ?? null,
  });
  await write(verdict, options.format, out);
  setExitCode(verdict.exitCode);
}

export const command: CommandModule = {
  name: "gate",
  summary: "judge runs, a replay or an estimate against budgets and a baseline",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Judges what is stored: budgets are absolute bounds, a baseline is what was before. Exact metrics " +
          "are compared exactly; measured ones need five runs on each side. What cannot be judged is " +
          "inconclusive, never passed.",
      )
      .type("budget", ({ value }) => parseBudget(value))
      .type(
        "format",
        new EnumType(["text", "json", "markdown", "junit", "openmetrics", "github", "gitlab"]),
      )
      .arguments("[ids...:string]")
      .option("--budget <bound:budget>", "A bound, such as ttft_p99_seconds<2.", { collect: true })
      .option("--baseline <name:string>", "A saved baseline, a file, or an id of the store.")
      .option("--metric <name:string>", "Compare this metric with the baseline.", { collect: true })
      .option("--a <command:string>", "Run this as the baseline, in turns with --b.")
      .option("--b <command:string>", "Run this as what is judged.")
      .option("--rounds <n:integer>", "Runs of each of --a and --b.", { default: 5 })
      .option("--tolerance <ratio:number>", "Difference that exact metrics may have.", {
        default: 0,
      })
      .option("--min-effect <ratio:number>", "Change of measured metrics that matters.", {
        default: 0.03,
      })
      .option("--noise <ratio:number>", "Run-to-run noise of this machine.", { default: 0 })
      .option("--strict", "End with 3 when the verdict is inconclusive.")
      .option("--format <format:format>", "How to print the verdict.", { default: "text" })
      .example("A bound on a replay", 'spillway gate p1 --budget "paged/peak_reserved_bytes<4e9"')
      .example("Against what was", "spillway gate p2 --baseline main --strict --format junit")
      .example("Two commands in turns", 'spillway gate --a "./old" --b "./new" --rounds 10')
      .action((options: Options, ...ids: string[]) => run(options, ids)),
};
