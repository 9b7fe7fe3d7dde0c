import { counted } from "../../../model/plural.ts";
import { Command } from "@cliffy/command";
import { usageError } from "../../../model/errors.ts";
import { formatGrams } from "../../../model/units.ts";
import type { CommandModule } from "../../command_module.ts";
import {
  type FactorOptions,
  loadFactors,
  todayOf,
  withFactorOptions,
} from "../../estimate/factor_options.ts";
import { openOutput } from "../../output.ts";
import type { LifecycleDocument } from "../../schemas/lifecycle_schema.ts";

interface Options extends FactorOptions {
  readonly save?: string;
  readonly example?: boolean;
}

async function run(options: Options, file: string | undefined): Promise<void> {
  const out = openOutput(options);
  if (options.example) {
    const { EXAMPLE_PLAN } = await import("../../../estimate/lifecycle/plan.ts");
    return await openOutput({ ...options, json: true }).emit(EXAMPLE_PLAN, () => "");
  }
  if (file === undefined) {
    throw usageError(
      "estimate lifecycle: no plan given",
      '"spillway estimate lifecycle --example > plan.json" writes one to start from',
    );
  }
  const { readPlan, stageOf } = await import("../../estimate/lifecycle_stages.ts");
  const { estimateContext } = await import("../../../estimate/usage/context.ts");
  const { joinSites } = await import("../../../estimate/lifecycle/at_site.ts");
  const { lifecycleOf } = await import("../../../estimate/lifecycle/lifecycle.ts");
  const { staleWarnings } = await import("../../../estimate/factors/staleness.ts");
  const { coefficientUse } = await import("../../../estimate/document.ts");
  const { loadProfile } = await import("../../load_profiles.ts");
  const { VERSION } = await import("../../../runtime/version.ts");
  const plan = readPlan(file);
  const factors = await loadFactors(options, out);
  const hardware = await loadProfile("hardware", out.setting("hardware", options.hardware).value);
  const home = out.setting("site", options.site).value ?? "anywhere";
  const contexts = new Map(
    await Promise.all(
      [...new Set(plan.stages.map((s) => s.site ?? home))].map(async (name) =>
        [name, estimateContext((await loadProfile("site", name))!, hardware, factors)] as const
      ),
    ),
  );
  const joined = joinSites(new Map([...contexts].map(([name, c]) => [name, c.factors])));
  const stages = [];
  for (const stage of plan.stages) {
    const name = stage.site ?? home;
    const made = await stageOf(stage, contexts.get(name)!, out.setting("store").value!);
    stages.push({
      ...made,
      cost: joined.atSite(made.cost, name),
      savers: made.savers.map((s) => ({ ...s, after: joined.atSite(s.after, name) })),
    });
  }
  const life = lifecycleOf(stages, joined.factors);
  const coefficients = life.coefficients.map((id) => joined.factors.get(id)!);
  const grams = life.total.metrics.total_grams_co2e.value;
  const document = {
    schema: "spillway/lifecycle/1" as const,
    tool: { name: "spillway" as const, version: VERSION },
    summary: `${plan.name}, ${counted(stages.length, "stage")}` +
      (typeof grams === "number" ? `, ${formatGrams(grams)}` : ""),
    name: plan.name,
    stages: life.rows,
    total: life.total,
    rates: life.rates,
    savings: life.savings,
    verdicts: life.verdicts,
    coefficients: coefficients.map(coefficientUse),
    warnings: staleWarnings(coefficients, todayOf(options)),
  } as LifecycleDocument;
  const { renderLifecycle } = await import("../../estimate/lifecycle_render.ts");
  await out.emit(document, () => renderLifecycle(document, out));
  if (options.save !== undefined) {
    const { saveAdvice } = await import("../../advise/save_advice.ts");
    const { lifecyclePage } = await import("../../estimate/lifecycle_page.ts");
    await saveAdvice(options.save, lifecyclePage(document), out);
  }
}

export const command: CommandModule = {
  name: "estimate lifecycle",
  summary: "one table over a model's life: training, checkpoints, serving, stored cache",
  output: async () => (await import("../../schemas/lifecycle_schema.ts")).lifecycleDocumentSchema,
  build: () =>
    withFactorOptions(
      new Command()
        .description(
          "Adds up the whole life of a model from a plan of stages: results of replays and runs scaled to " +
            "a period, GPUs that train for a time, and data that is kept. Prints energy, carbon, SSD " +
            "wear and dollars of each stage, the share of memory and storage, rates over all that was " +
            "produced, and what storing less would save over the whole life. Stages may stand at " +
            "sites of their own; hardware figures stay tied between them.",
        )
        .arguments("[plan:string]"),
    )
      .option("--example", "Print a plan to start from.")
      .option("--save <name:string>", "Keep the answer in the store under this name.")
      .example("Write a plan to start from", "spillway estimate lifecycle --example > plan.json")
      .example(
        "Price it in Virginia",
        "spillway estimate lifecycle plan.json --site gcp-us-east4",
      )
      .action((options: Options, file?: string) => run(options, file)),
};
