import { Command, EnumType } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import { type BudgetRule, gateConfigSchema, parseBudget, type Rule } from "../../gate/rules.ts";
import type { Verdict } from "../../gate/verdict.ts";
import { setExitCode, writeText } from "../../runtime/terminal.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";

type Format = "text" | "json" | "markdown" | "junit" | "openmetrics" | "github" | "gitlab";

interface Options extends GlobalOptions {
  readonly budget?: readonly BudgetRule[];
  readonly baseline?: string;
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
  const hasBaselineRule = rules.some((r) => r.kind === "baseline");
  const baseline = options.baseline ?? parsed.data.baseline;
  if (baseline !== undefined && !hasBaselineRule) {
    rules.push({
      kind: "baseline",
      metric: "*",
      tolerance: options.tolerance,
      minEffect: options.minEffect,
      level: "error",
    });
  }
  if (rules.length === 0) {
    throw usageError(
      "gate: there is no rule to judge by",
      'give --budget "METRIC<NUMBER" or --baseline NAME, or write gate.rules into spillway.json',
    );
  }
  return { rules, acks: parsed.data.acks, baseline };
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

async function run(options: Options, ids: readonly string[]): Promise<void> {
  const out = openOutput(options);
  const config = collectRules(options, out);
  const { openStore } = await import("../../store/open.ts");
  const { loadSide } = await import("../gate/load_side.ts");
  const { loadBaseline } = await import("../gate/load_baseline.ts");
  const store = await openStore(out.setting("store").value!, { mode: "read" });
  try {
    const current = await loadSide(store, ids);
    const baseline = config.baseline === undefined
      ? null
      : await loadBaseline(store, config.baseline);
    const { evaluateRules } = await import("../../gate/evaluate.ts");
    const { concludeVerdict } = await import("../../gate/verdict.ts");
    const today = new Date().toISOString().slice(0, 10);
    const rules = evaluateRules(config, current, baseline, { noise: options.noise, today });
    const verdict = concludeVerdict(rules, {
      strict: options.strict ?? false,
      subject: current.name,
      baseline: baseline?.name ?? null,
    });
    await write(verdict, options.format, out);
    setExitCode(verdict.exitCode);
  } finally {
    await store.close();
  }
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
      .arguments("<ids...:string>")
      .option("--budget <bound:budget>", "A bound, such as ttft_p99_seconds<2.", { collect: true })
      .option("--baseline <name:string>", "A saved baseline, a file, or an id of the store.")
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
      .action((options: Options, ...ids: string[]) => run(options, ids)),
};
