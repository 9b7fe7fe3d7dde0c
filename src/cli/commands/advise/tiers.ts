import { Command } from "@cliffy/command";
import { usageError } from "../../../model/errors.ts";
import type { CommandModule } from "../../command_module.ts";
import {
  type FactorOptions,
  loadFactors,
  todayOf,
  withFactorOptions,
} from "../../estimate/factor_options.ts";
import { openOutput } from "../../output.ts";
import type { TiersDocument } from "../../schemas/tiers_schema.ts";

interface Options extends FactorOptions {
  readonly llm?: string;
  readonly tokens: number;
  readonly hits: number;
  readonly writes: number;
  readonly copies: number;
}

const VIEWS = ["operational", "inventory", "decision"] as const;

async function prefixOf(
  options: Options,
  llmName: string,
  hardwareName: string,
  factors: Awaited<ReturnType<typeof loadFactors>>,
): Promise<NonNullable<TiersDocument["prefix"]>> {
  const { loadProfiles } = await import("../../load_profiles.ts");
  const { prefixCase } = await import("../../advise/prefix_case.ts");
  const { prefixBreakEven } = await import("../../../estimate/placement/kv_prefix.ts");
  const { mediaOf } = await import("../../../estimate/placement/media.ts");
  const { llm, hardware } = await loadProfiles({ llm: llmName, hardware: hardwareName });
  if (!factors.has("site.grid")) {
    throw usageError("advise tiers: a break-even needs a grid; give --site or --factor grid=G");
  }
  const watts = `gpu.${hardware!.gpu?.key}.watts`;
  if (hardware!.gpu !== null && !factors.has(watts)) {
    throw usageError(`advise tiers: no power of the GPU is known; give --factor ${watts}=W`);
  }
  const found = prefixCase(llm!, hardware!, options.tokens, options.writes);
  const media = mediaOf(factors);
  return {
    llm: llm!.name,
    hardware: hardware!.name,
    tokens: found.tokens,
    bytes: found.bytes,
    recomputeSeconds: found.recomputeSeconds,
    hiddenOverKv: found.hiddenOverKv,
    hitsPerMonth: options.hits,
    writesPerMonth: options.writes,
    breakEven: [...found.reload].flatMap(([name, prefix]) =>
      VIEWS.map((view) => ({
        reloadSeconds: prefix.reloadSeconds,
        ...prefixBreakEven(
          prefix,
          media.find((m) => m.name === name)!,
          factors,
          view,
          options.hits,
        ),
      }))
    ),
  };
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  for (
    const [flag, value] of [["--tokens", options.tokens], ["--copies", options.copies]] as const
  ) {
    if (value < 1) throw usageError(`${flag}: ${value}, expected at least 1`);
  }
  for (const [flag, value] of [["--hits", options.hits], ["--writes", options.writes]] as const) {
    if (value < 0) throw usageError(`${flag}: ${value}, expected at least 0`);
  }
  const { estimateContext } = await import("../../../estimate/usage/context.ts");
  const { loadProfile } = await import("../../load_profiles.ts");
  const { tierPrices } = await import("../../../estimate/placement/tier_prices.ts");
  const { mediaCoefficients } = await import("../../../estimate/placement/media.ts");
  const { coefficientUse } = await import("../../../estimate/document.ts");
  const { VERSION } = await import("../../../runtime/version.ts");
  const { staleWarnings } = await import("../../../estimate/factors/staleness.ts");
  const site = (await loadProfile("site", out.setting("site", options.site).value ?? "anywhere"))!;
  const hardwareName = out.setting("hardware", options.hardware).value;
  const hardware = await loadProfile("hardware", hardwareName);
  const { factors } = estimateContext(site, hardware, await loadFactors(options, out));
  const llm = out.setting("llm", options.llm).value;
  const coefficients = mediaCoefficients(factors);
  const today = todayOf(options);
  const document: TiersDocument = {
    schema: "spillway/tiers/1",
    tool: { name: "spillway", version: VERSION },
    site: site.name,
    media: tierPrices(factors, options.copies),
    prefix: llm === null
      ? null
      : await prefixOf(options, llm, hardwareName ?? "h100_sxm-x8", factors),
    coefficients: coefficients.map(coefficientUse),
    warnings: staleWarnings(coefficients, today),
  };
  const { renderTiers } = await import("../../advise/tiers_render.ts");
  await out.emit(document, () => renderTiers(document, out));
}

export const command: CommandModule = {
  name: "advise tiers",
  summary: "what each medium costs in grams and dollars, and from how many hits a month KV pays",
  output: async () => (await import("../../schemas/tiers_schema.ts")).tiersDocumentSchema,
  build: () =>
    withFactorOptions(
      new Command().description(
        "Prices DRAM, SSD, HDD and object storage at a site: grams and dollars of a GB-month held, of " +
          "a GB written and read, of a thousand requests. With --llm also the break-even of a stored " +
          "KV prefix: hits a month above which reloading beats recomputing, in three views, and the " +
          "grid intensity at which the verdict turns.",
      ),
    )
      .option("--llm <profile:string>", "Model profile: a built-in name or a JSON file.")
      .option("--tokens <n:integer>", "Length of the prefix.", { default: 4096 })
      .option("--hits <n:number>", "Hits a month that the verdict is given for.", { default: 30 })
      .option("--writes <n:number>", "Times the prefix is written in a month.", { default: 0 })
      .option("--copies <n:integer>", "Copies kept on drives of one's own.", { default: 1 })
      .example("What does a GB-month cost here?", "spillway advise tiers --site aws-us-east-1")
      .example(
        "From how many hits does stored KV pay?",
        "spillway advise tiers --llm llama-3-70b --site gcp-us-east4 --tokens 8192",
      )
      .action((options: Options) => run(options)),
};
