import { Command } from "@cliffy/command";
import { usageError } from "../../../model/errors.ts";
import { METRIC_CATALOG } from "../../../model/metrics/catalog.ts";
import { HOW_TO_NAME_A_TRACE } from "../../advise/open_trace.ts";
import type { CommandModule } from "../../command_module.ts";
import { closest } from "../../did_you_mean.ts";
import {
  type FactorOptions,
  type GridOptions,
  loadFactors,
  loadGrid,
  todayOf,
  withFactorOptions,
  withGridOptions,
} from "../../estimate/factor_options.ts";
import { openOutput, type Output } from "../../output.ts";
import { storePath } from "../../open_store.ts";
import { type Assignment, parseAssignment, parseSweep, type Sweep } from "../../replay_params.ts";
import { shellQuote } from "../../shell_quote.ts";

interface Options extends FactorOptions, GridOptions {
  readonly save?: string;
  readonly trace?: string;
  readonly slo?: readonly string[];
  readonly minimize?: string;
  readonly family?: string;
  readonly policy?: readonly string[];
  readonly set?: readonly Assignment[];
  readonly sweep?: readonly Sweep[];
  readonly llm?: string;
  readonly points: number;
  readonly resume?: string;
  readonly seed?: number;
  readonly format?: string;
  readonly allowLossy?: boolean;
  readonly faults?: string;
  readonly steps: number;
}

/** Profiles where the user names none: an 8-GPU server rented in a named region, and a common model. */
const ASSUMED = {
  hardware: "h100_sxm-x8",
  llm: "llama-3-70b",
  site: "aws-us-east-1",
} as const;

type Role = keyof typeof ASSUMED;

function chosenProfiles(options: Options, out: Output) {
  const notes: string[] = [];
  const name = (role: Role): string => {
    const given = out.setting(role, options[role]).value;
    if (given !== null) return given;
    notes.push(`no --${role} given: ${ASSUMED[role]} is assumed`);
    return ASSUMED[role];
  };
  return { hardware: name("hardware"), llm: name("llm"), site: name("site"), notes };
}

function goalOf(name: string): string {
  const definition = METRIC_CATALOG.find((m) => m.id === name);
  if (definition === undefined) {
    const near = closest(name, METRIC_CATALOG.map((m) => m.id));
    throw usageError(
      `--minimize: there is no metric "${name}"` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
      "usual: total_usd, total_grams_co2e, decision_grams_co2e, energy_joules",
    );
  }
  if (definition.better === "higher") {
    throw usageError(`--minimize: ${name} is better when higher`, "bound it with --slo instead");
  }
  return name;
}

/** Flags that make another command price with the same coefficients. */
function priceFlags(options: Options): string[] {
  return [
    ...(options.factors === undefined ? [] : [`--factors ${shellQuote(options.factors)}`]),
    ...(options.factor ?? []).map((f) => `--factor ${shellQuote(f)}`),
    ...([
      ["grid", options.grid],
      ["grid-zone", options.gridZone],
      ["grid-signal", options.gridSignal],
      ["grid-scope", options.gridScope],
      ["grid-unit", options.gridUnit],
    ] as const).flatMap(([flag, value]) =>
      value === undefined ? [] : [`--${flag} ${shellQuote(value)}`]
    ),
  ];
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  if (options.trace === undefined) {
    throw usageError("advise: --trace T is missing", HOW_TO_NAME_A_TRACE);
  }
  const { parseSlo } = await import("../../../search/advise/slo.ts");
  const metricIds = METRIC_CATALOG.map((m) => m.id);
  const slos = (options.slo ?? []).flatMap((text) => text.split(",")).map((text) =>
    parseSlo(text, (id) => closest(id, metricIds))
  );
  const goal = options.minimize === undefined ? null : goalOf(options.minimize);
  if (options.steps < 1) throw usageError(`--steps: ${options.steps}, expected at least 1`);
  const seed = Number(out.setting("seed", options.seed).value);
  const names = chosenProfiles(options, out);
  const { loadProfiles } = await import("../../load_profiles.ts");
  const profiles = await loadProfiles(names);
  let factors = await loadFactors(options, out);
  const grid = await loadGrid(options);
  const notes = [...names.notes];
  const { withGridSeries } = await import("../../../estimate/usage/grid_context.ts");
  if (grid !== null) {
    const series = withGridSeries(factors, grid, options.grid!, null);
    factors = series.factors;
    notes.push(...series.notes);
  }
  const { estimateContext } = await import("../../../estimate/usage/context.ts");
  const { searchTrace } = await import("../../advise/search_trace.ts");
  const { searchJob } = await import("../../advise/search_job.ts");
  const ask = {
    trace: options.trace,
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.family === undefined ? {} : { family: options.family }),
    space: {
      ...(options.policy === undefined ? {} : { policies: options.policy }),
      set: options.set ?? [],
      sweep: options.sweep ?? [],
      allowLossy: options.allowLossy ?? false,
      someElsewhere: options.faults !== undefined,
    },
    most: options.points,
    slos,
    goal,
    seed,
    names: { hardware: names.hardware, llm: names.llm, site: names.site },
    profiles,
    context: estimateContext(profiles.site!, profiles.hardware, factors),
    notes,
    today: todayOf(options),
    ...(options.resume === undefined ? {} : { resume: options.resume }),
    priceCommand: ["spillway estimate ./point.json --reserved", ...priceFlags(options)].join(" "),
    storePath: storePath(out),
  };
  const document = options.faults === undefined
    ? (await searchTrace(ask, out)).document
    : await searchJob(
      ask,
      { faults: options.faults, steps: options.steps, priceFlags: priceFlags(options) },
      out,
    );
  const { renderAdvice } = await import("../../advise/render.ts");
  await out.emit(document, () => renderAdvice(document, out));
  if (options.save === undefined) return;
  const { saveAdvice } = await import("../../advise/save_advice.ts");
  const { advisePage } = await import("../../advise/advise_page.ts");
  await saveAdvice(options.save, advisePage(document), out);
}

export const command: CommandModule = {
  name: "advise",
  summary: "search policies and sizes for a trace: the Pareto front and one recommendation",
  output: async () => (await import("../../schemas/advise_schema.ts")).adviseDocumentSchema,
  build: () =>
    withGridOptions(withFactorOptions(
      new Command()
        .description(
          "Replays a trace under many policies and sizes on all cores, prices each point, keeps the " +
            "Pareto front of latency, cost, carbon and wear, and recommends one point with its reason " +
            "and how firm it is, or says that none is worth it.",
        )
        .type("assignment", ({ value }) => parseAssignment(value))
        .type("sweep", ({ value }) => parseSweep(value))
        .option("--trace <trace:string>", "Trace: an id or name in the store, or a file.")
        .option("--slo <bound:string>", 'Bound to keep: "ttft_p99_seconds<2".', { collect: true })
        .option(
          "--minimize <metric:string>",
          "Metric to minimise: total_usd; of recorded allocations peak_reserved_bytes.",
        )
        .option("--family <family:string>", "Family of policies; from the trace when not given.")
        .option("-p, --policy <names:string[]>", "Policies to search; all that fit when not given.")
        .option("--set <key=value:assignment>", "Fix a parameter: [policy.]key=value.", {
          collect: true,
        })
        .option("--sweep <key=values:sweep>", "Values to try: k=a,b,c or k=a..b*2 or k=a..b+s.", {
          collect: true,
        })
        .option("--llm <profile:string>", "Model profile: a built-in name or a JSON file.")
        .option("--points <n:integer>", "Search at most about this many points.", { default: 300 })
        .option("--resume <file:file>", "Keep results here and go on after a stop.")
        .option("--seed <n:integer>", "Seed of everything random.")
        .option("--format <name:string>", "Format of the trace file, when detection fails.")
        .option(
          "--faults <trace:string>",
          "For a training step: search the whole job, steps crossed with fault policies.",
        )
        .option("--steps <n:integer>", "Steps of the job that --faults is about.", {
          default: 100_000,
        })
        .option("--allow-lossy", "Search also policies that change the model's results."),
    ))
      .option("--save <name:string>", "Keep the answer in the store under this name.")
      .example(
        "Which offload pays off here?",
        'spillway advise --trace chat.jsonl --slo "ttft_p99_seconds<2" --minimize total_usd',
      )
      .example(
        "Least carbon on two sizes of memory",
        "spillway advise --trace t1 --minimize total_grams_co2e --sweep dram=64GiB,256GiB",
      )
      .example(
        "Where to keep the state of training, and how to survive failures?",
        'spillway advise --trace "model:batch=8,seq=2048" --llm llama-2-7b --hardware a100_sxm-x8 ' +
          "--faults exponential:nodes=16,mtbf=2d,span=90d",
      )
      .action((options: Options) => run(options)),
};
