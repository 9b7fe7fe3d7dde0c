import { Command } from "@cliffy/command";
import { dataError, usageError } from "../../../model/errors.ts";
import { METRIC_CATALOG } from "../../../model/metrics/catalog.ts";
import type { Json } from "../../../model/json.ts";
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
import type { Point } from "../../advise/points.ts";

interface Options extends FactorOptions, GridOptions {
  readonly save?: string;
  readonly trace?: string;
  readonly slo?: readonly string[];
  readonly minimize: string;
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

/** Prices what `replay … --json` printed, with the same coefficients. */
function priceCommand(options: Options): string {
  const flags = [
    ...(options.factors === undefined ? [] : [`--factors ${shellQuote(options.factors)}`]),
    ...(options.factor ?? []).map((f) => `--factor ${shellQuote(f)}`),
    ...(options.grid === undefined ? [] : [`--grid ${shellQuote(options.grid)}`]),
  ];
  return ["spillway estimate ./point.json --reserved", ...flags].join(" ");
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  if (options.trace === undefined) throw usageError("advise: --trace T is missing");
  const { parseSlo } = await import("../../../search/advise/slo.ts");
  const metricIds = METRIC_CATALOG.map((m) => m.id);
  const slos = (options.slo ?? []).flatMap((text) => text.split(",")).map((text) =>
    parseSlo(text, (id) => closest(id, metricIds))
  );
  const goal = goalOf(options.minimize);
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
  const { familyFor, policySpaces, settingText } = await import("../../advise/points.ts");
  const { searchRounds } = await import("../../advise/search.ts");
  const { openResume, searchKey } = await import("../../advise/resume.ts");
  const { adviseDocument } = await import("../../advise/document.ts");
  const { openTrace } = await import("../../advise/open_trace.ts");
  const { spaceFacts } = await import("../../advise/space_facts.ts");
  const trace = await openTrace(options.trace, {
    storePath: storePath(out),
    profiles,
    seed,
    ...(options.format === undefined ? {} : { format: options.format }),
  });
  try {
    if (trace.kind === "requests") {
      const { doubtOf } = await import("../../validate/guard.ts");
      const doubt = await doubtOf({
        trace,
        storePath: storePath(out),
        hardware: names.hardware,
        llm: names.llm,
        seed,
      });
      if (doubt !== null) {
        throw dataError(
          `advise refuses: ${doubt}`,
          'see "spillway replay validate"; a copy of the trace under another name is advised on unchecked',
        );
      }
    }
    const family = familyFor(trace.kind, options.family);
    const { facts, labels } = await spaceFacts(trace, family, profiles, seed);
    const { spaces, skipped } = await policySpaces(trace.kind, facts, {
      ...(options.policy === undefined ? {} : { policies: options.policy }),
      set: options.set ?? [],
      sweep: options.sweep ?? [],
      allowLossy: options.allowLossy ?? false,
    });
    if (skipped.length > 0) {
      notes.push(`lossy policies are left out: ${skipped.join(", ")} (--allow-lossy)`);
    }
    const stamp = {
      id: trace.id,
      name: trace.name,
      kind: trace.kind,
      format: trace.format,
      sha256: trace.sha256,
      rows: trace.rows,
    };
    const shown = spaces.map((s) => [s.policy.name, s.dimensions, s.fixed]) as unknown as Json;
    const resume = openResume(options.resume, searchKey([stamp, profiles, seed, shown]));
    if (resume.known.size > 0) await out.note(`${resume.known.size} points are known already`);
    const { createProgress } = await import("../../progress.ts");
    const progress = createProgress("searching", { quiet: out.quiet });
    const context = estimateContext(profiles.site!, profiles.hardware, factors);
    const { points, results } = await searchRounds(trace, {
      family,
      spaces,
      most: options.points,
      slos,
      goal,
      context,
      profiles,
      seed,
      labels,
      resume,
      onDone: (done, total) => progress.update(done, total),
    });
    progress.end();
    const commandOf = (point: Point): string =>
      [
        "spillway replay",
        point.family,
        shellQuote(options.trace!),
        `--policy ${point.choice.policy.name}`,
        ...Object.entries(point.set).map(([k, v]) =>
          `--set ${shellQuote(`${k}=${settingText(k, v)}`)}`
        ),
        `--hardware ${shellQuote(names.hardware)} --llm ${shellQuote(names.llm)}`,
        `--site ${shellQuote(names.site)} --seed ${seed}`,
      ].join(" ");
    const document = adviseDocument({
      trace: stamp,
      profiles: { hardware: names.hardware, llm: names.llm, site: names.site },
      seed,
      slos,
      goal,
      points,
      results,
      context,
      today: todayOf(options),
      notes,
      commandOf,
      priceCommand: priceCommand(options),
    });
    const { renderAdvice } = await import("../../advise/render.ts");
    await out.emit(document, () => renderAdvice(document, out));
    if (options.save !== undefined) {
      const { saveAdvice } = await import("../../advise/save_advice.ts");
      const { advisePage } = await import("../../advise/advise_page.ts");
      await saveAdvice(options.save, advisePage(document), out);
    }
  } finally {
    await trace.close();
  }
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
        .option("--minimize <metric:string>", "Metric to minimise.", { default: "total_usd" })
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
      .action((options: Options) => run(options)),
};
