import { Command } from "@cliffy/command";
import { usageError } from "../../../model/errors.ts";
import type { PlacementGoal } from "../../../estimate/placement/place.ts";
import type { CommandModule } from "../../command_module.ts";
import {
  type FactorOptions,
  loadFactors,
  todayOf,
  withFactorOptions,
} from "../../estimate/factor_options.ts";
import { openOutput } from "../../output.ts";
import type { PlacementDocument } from "../../schemas/placement_schema.ts";

interface Options extends FactorOptions {
  readonly minimize?: string;
  readonly example?: boolean;
  readonly save?: string;
}

async function run(options: Options, file: string | undefined): Promise<void> {
  const out = openOutput(options);
  if (options.example) {
    const { EXAMPLE_CLASSES } = await import("../../../estimate/placement/example.ts");
    return await openOutput({ ...options, json: true }).emit(EXAMPLE_CLASSES, () => "");
  }
  if (file === undefined) {
    throw usageError(
      "advise placement: no file of data classes given",
      '"spillway advise placement --example > classes.json" writes one to start from',
    );
  }
  const goal = options.minimize ?? "total_usd";
  if (goal !== "total_usd" && goal !== "total_grams_co2e") {
    throw usageError(`--minimize: "${goal}", expected total_usd or total_grams_co2e`);
  }
  const { placementFileSchema } = await import("../../../estimate/placement/data_class.ts");
  const { checkJson, readJson } = await import("../../read_json.ts");
  const { classes } = checkJson(
    readJson(file),
    placementFileSchema,
    file,
    '"spillway advise placement --example" prints an input to start from',
  );
  const { estimateContext } = await import("../../../estimate/usage/context.ts");
  const { placeClass } = await import("../../../estimate/placement/place.ts");
  const { mediaCoefficients } = await import("../../../estimate/placement/media.ts");
  const { coefficientUse } = await import("../../../estimate/document.ts");
  const { staleWarnings } = await import("../../../estimate/factors/staleness.ts");
  const { loadProfile } = await import("../../load_profiles.ts");
  const { VERSION } = await import("../../../runtime/version.ts");
  const site = (await loadProfile("site", out.setting("site", options.site).value ?? "anywhere"))!;
  const { factors } = estimateContext(site, null, await loadFactors(options, out));
  const placed = classes.map((c) => placeClass(c, factors, goal as PlacementGoal));
  const chosen = new Set(placed.flatMap((p) => (p.chosen ?? []).map((c) => c.medium)));
  const stale = mediaCoefficients(factors, (medium) => chosen.has(medium));
  const document = {
    schema: "spillway/placement/1" as const,
    tool: { name: "spillway" as const, version: VERSION },
    site: site.name,
    minimize: goal,
    evidence: "assumed" as const,
    classes: placed,
    coefficients: mediaCoefficients(factors).map(coefficientUse),
    warnings: staleWarnings(stale, todayOf(options)),
  } as PlacementDocument;
  const { renderPlacement } = await import("../../advise/placement_render.ts");
  await out.emit(document, () => renderPlacement(document, out));
  if (options.save !== undefined) {
    const { saveAdvice } = await import("../../advise/save_advice.ts");
    const { placementPage } = await import("../../advise/placement_page.ts");
    await saveAdvice(options.save, placementPage(document), out);
  }
}

export const command: CommandModule = {
  name: "advise placement",
  summary: "the cheapest or greenest medium for each class of data, and what storing less saves",
  output: async () => (await import("../../schemas/placement_schema.ts")).placementDocumentSchema,
  build: () =>
    withFactorOptions(
      new Command()
        .description(
          "Places classes of data (checkpoints, cold KV, samples) on DRAM, SSD, HDD or an object store: " +
            "the split that meets the latency need at least cost or carbon, how firm that is, and what " +
            "retention, deduplication, deltas and quantisation would save.",
        )
        .arguments("[file:string]"),
    )
      .option("--minimize <metric:string>", "total_usd or total_grams_co2e.", {
        default: "total_usd",
      })
      .option("--example", "Print an input file to start from.")
      .option("--save <name:string>", "Keep the answer in the store under this name.")
      .example("Write an input to start from", "spillway advise placement --example > classes.json")
      .example(
        "Where should it lie?",
        "spillway advise placement classes.json --site gcp-us-east4 --minimize total_grams_co2e",
      )
      .action((options: Options, file?: string) => run(options, file)),
};
