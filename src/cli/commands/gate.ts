import { Command, EnumType } from "@cliffy/command";
import { usageError } from "../../model/errors.ts";
import { parseBudget, PRESET_NAMES } from "../../gate/rules.ts";
import type { History, Side } from "../../gate/observations.ts";
import type { DocumentKinds } from "../../store/store.ts";
import { setExitCode } from "../../runtime/terminal.ts";
import type { CommandModule } from "../command_module.ts";
import { collectRules, type RuleFlags } from "../gate/collect_rules.ts";
import {
  parseVerdictFile,
  VERDICT_FORMATS,
  type VerdictFile,
  type VerdictFormat,
  writeVerdict,
} from "../gate/write_verdict.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { gateSchema } from "../schemas/gate_schema.ts";

interface Options extends GlobalOptions, RuleFlags {
  readonly b?: string;
  readonly rounds: number;
  readonly strict?: boolean;
  readonly format: VerdictFormat;
  readonly write?: readonly VerdictFile[];
  readonly save?: string;
}

interface Loaded {
  readonly current: Side;
  readonly baseline: Side | null;
  readonly history: History | null;
}

/** What is judged: the entries named, or what `--a` and `--b` gave when run in turns. */
async function loadSides(
  options: Options,
  ids: readonly string[],
  wanted: { baseline: string | undefined; history: boolean },
  out: Output,
): Promise<Loaded> {
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
    const { loadHistory } = await import("../gate/load_history.ts");
    const judged = pair?.b ?? ids;
    const history = wanted.history ? await loadHistory(store, judged) : null;
    const current = await loadSide(store, judged);
    if (pair !== null) return { current, baseline: await loadSide(store, pair.a), history };
    const { loadBaseline } = await import("../gate/load_baseline.ts");
    const { baseline } = wanted;
    return {
      current,
      baseline: baseline === undefined ? null : await loadBaseline(store, baseline),
      history,
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
  if (!(options.rounds >= 1)) {
    throw usageError(`--rounds: ${options.rounds} is below 1`, "5 rounds are the fewest that tell");
  }
  for (
    const [flag, value] of [["tolerance", options.tolerance], ["min-effect", options.minEffect]]
  ) {
    if (Number(value) < 0) {
      throw usageError(`--${flag}: ${value} is negative`, "give a ratio such as 0.03 for 3 %");
    }
  }
}

async function run(options: Options, ids: readonly string[]): Promise<void> {
  checkSubject(options, ids);
  const out = openOutput(options);
  const { config, baseline, noise } = collectRules(options, out.config.gate);
  const history = config.rules.some((r) => r.kind === "trend");
  const sides = await loadSides(options, ids, { baseline, history }, out);
  const { evaluateRules } = await import("../../gate/evaluate.ts");
  const { concludeVerdict } = await import("../../gate/verdict.ts");
  const rules = evaluateRules(config, sides.current, sides.baseline, {
    noise,
    today: new Date().toISOString().slice(0, 10),
    history: sides.history,
  });
  const verdict = concludeVerdict(rules, {
    strict: options.strict ?? false,
    subject: sides.current.name,
    baseline: sides.baseline?.name ?? null,
  });
  await writeVerdict(verdict, options.format, options.write ?? [], out);
  if (options.save !== undefined) {
    const { openStore } = await import("../../store/open.ts");
    const store = await openStore(out.setting("store").value!, { mode: "write" });
    try {
      const kept = verdict as unknown as DocumentKinds["gate"];
      await out.note(`saved as ${await store.saveDocument("gate", options.save, kept)}`);
    } finally {
      await store.close();
    }
  }
  setExitCode(verdict.exitCode);
}

export const command: CommandModule = {
  name: "gate",
  summary: "judge runs, a replay or an estimate against budgets, a baseline and the trend",
  output: () => gateSchema,
  build: () =>
    new Command()
      .description(
        "Judges what is stored. A budget is an absolute bound, a baseline is what was before, a trend is the " +
          "history of a recorded workload. Replayed and modelled metrics are compared exactly; measured " +
          "ones need five runs on each side. What cannot be judged is inconclusive, never passed. The exit " +
          "code is 0 for pass, 1 for fail, 4 when the gate cannot run; inconclusive ends with 0, or with 3 " +
          "under --strict.",
      )
      .type("budget", ({ value }) => parseBudget(value))
      .type("copy", ({ value }) => parseVerdictFile(value))
      .type("preset", new EnumType(PRESET_NAMES))
      .type("format", new EnumType(VERDICT_FORMATS))
      .arguments("[ids...:string]")
      .option("--budget <bound:budget>", "A bound, such as ttft_p99_seconds<2. Repeatable.", {
        collect: true,
      })
      .option("--baseline <name:string>", "A saved baseline, a file, or an id of the store.")
      .option("--metric <name:string>", "Compare this metric with the baseline. Repeatable.", {
        collect: true,
      })
      .option(
        "--trend <metric:string>",
        "Look for a change in its history; only warns. Repeatable.",
        {
          collect: true,
        },
      )
      .option("--preset <name:preset>", "Start from this set of rules. Repeatable.", {
        collect: true,
      })
      .option("--a <command:string>", "Run this as the baseline, in turns with --b.")
      .option("--b <command:string>", "Run this as what is judged.")
      .option("--rounds <n:integer>", "Runs of each of --a and --b.", { default: 5 })
      .option("--tolerance <ratio:number>", "Difference that exact metrics may have.", {
        default: 0,
      })
      .option("--min-effect <ratio:number>", "Change of measured metrics that matters.", {
        default: 0.03,
      })
      .option("--noise <ratio:number>", "Run-to-run noise of this machine, as noise measures it.")
      .option("--strict", "End with 3 when the verdict is inconclusive.")
      .option("--format <format:format>", "How to print the verdict.", { default: "text" })
      .option("--write <format=file:copy>", "Also write the verdict to a file. Repeatable.", {
        collect: true,
      })
      .option("--save <name:string>", "Keep the verdict in the store under this name.")
      .example("A bound on a replay", 'spillway gate p1 --budget "paged/peak_reserved_bytes<4e9"')
      .example(
        "Against what was",
        "spillway gate p2 --baseline main --strict --write junit=gate.xml",
      )
      .example("Two commands in turns", 'spillway gate --a "./old" --b "./new" --rounds 10')
      .example("Did it become slower lately?", "spillway gate r42 --trend run_seconds")
      .action((options: Options, ...ids: string[]) => run(options, ids)),
};
