import { Command } from "@cliffy/command";
import { DO_NOT_RELY } from "../../../model/doubt.ts";
import { dataError, usageError } from "../../../model/errors.ts";
import type { HardwareProfile } from "../../../model/profiles/hardware.ts";
import type { SiteProfile } from "../../../model/profiles/site.ts";
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
import type { Subject } from "../../estimate/subject.ts";
import { openOutput, type Output } from "../../output.ts";
import { BETWEEN_HELP, WINDOW_HELP, type WindowOptions } from "../../window_options.ts";

interface Options extends FactorOptions, GridOptions, WindowOptions {
  readonly save?: string;
  readonly reserved?: boolean;
  readonly samples?: number;
  readonly seed?: number;
  readonly requests?: string;
  readonly outputWeight: number;
  readonly objectPlace?: string;
}

/** The site to price at: the flag's or setting's, else the replay's, else anywhere. */
async function siteOf(subject: Subject, options: Options, out: Output): Promise<SiteProfile> {
  const { loadProfile } = await import("../../load_profiles.ts");
  const named = out.setting("site", options.site).value;
  if (named !== null) return (await loadProfile("site", named))!;
  const kept = subject.profiles.site as SiteProfile | undefined;
  return kept ?? (await loadProfile("site", "anywhere"))!;
}

/** The site with the place of its object store as the flag says. */
async function withObjectPlace(
  site: SiteProfile,
  given: string | undefined,
): Promise<SiteProfile> {
  if (given === undefined) return site;
  const { OBJECT_PLACES } = await import("../../../model/profiles/site.ts");
  const place = OBJECT_PLACES.find((p) => p === given);
  if (place === undefined) {
    const near = closest(given, OBJECT_PLACES);
    throw usageError(
      `--object-place: "${given}"` + (near === undefined ? "" : `; did you mean "${near}"?`),
      `places: ${OBJECT_PLACES.join(", ")}`,
    );
  }
  return { ...site, objectPlace: place };
}

async function hardwareOf(subject: Subject, options: Options): Promise<HardwareProfile | null> {
  const { loadProfile } = await import("../../load_profiles.ts");
  if (options.hardware !== undefined) return await loadProfile("hardware", options.hardware);
  return (subject.profiles.hardware as HardwareProfile | undefined) ?? null;
}

async function run(options: Options, name: string): Promise<void> {
  const out = openOutput(options);
  const path = out.setting("store").value!;
  if (!(options.outputWeight > 0)) {
    throw usageError(`--output-weight: ${options.outputWeight}, expected above 0`);
  }
  if (options.samples !== undefined && options.samples < 1) {
    throw usageError(`--samples: ${options.samples}, expected at least 1`);
  }
  const { loadSubject } = await import("../../estimate/load_subject.ts");
  const subject = await loadSubject(name, path, options);
  if (subject.inputs.every((i) => i.usage === null)) {
    throw dataError(
      `estimate: ${subject.subject.kind} "${subject.subject.name}" reports no usage, so there is ` +
        "nothing to price",
      subject.unpricedHint,
    );
  }
  const { estimateContext } = await import("../../../estimate/usage/context.ts");
  const { withGridSeries } = await import("../../../estimate/usage/grid_context.ts");
  const { estimateDocument } = await import("../../../estimate/document.ts");
  const { VERSION } = await import("../../../runtime/version.ts");
  const site = await withObjectPlace(await siteOf(subject, options, out), options.objectPlace);
  const grid = await loadGrid(options);
  let factors = await loadFactors(options, out);
  const notes: string[] = subject.doubt === null ? [] : [`${DO_NOT_RELY} ${subject.doubt}`];
  if (out.setting("site", options.site).value === null && subject.profiles.site === undefined) {
    notes.push('no --site given: "anywhere" is assumed, with the spread of 44 regions');
  }
  if (grid !== null) {
    const time = subject.window === null ? null : {
      ...subject.window,
      joules: await subject.energyBetween(),
    };
    const series = withGridSeries(factors, grid, options.grid!, time);
    factors = series.factors;
    notes.push(...series.notes);
  }
  const context = estimateContext(site, await hardwareOf(subject, options), factors);
  const { reservedUsage } = await import("../../../estimate/usage/reserved.ts");
  const priced = estimateDocument(
    { name: "spillway", version: VERSION },
    subject.subject,
    options.reserved !== true ? subject.inputs : subject.inputs.map((i) => ({
      name: i.name,
      usage: i.usage === null ? null : reservedUsage(i.usage, i.reservedBytes ?? null),
    })),
    context,
    todayOf(options),
    notes,
    options.samples === undefined
      ? undefined
      : { seed: Number(out.setting("seed", options.seed).value), count: options.samples },
  );
  const { phasePart, requestPart } = await import("../../estimate/parts.ts");
  const document = {
    ...priced,
    // A window is a phase of its own.
    ...(options.window === undefined && options.between === undefined
      ? await phasePart(subject, priced, context)
      : {}),
    ...(options.requests === undefined
      ? {}
      : await requestPart(options.requests, path, options.outputWeight, priced)),
  };
  const { renderEstimate } = await import("../../estimate/render.ts");
  await out.emit(document, () => renderEstimate(document, out));
  const stored = subject.subject.id !== null;
  if (!stored && options.save === undefined) return;
  const { openStore } = await import("../../../store/open.ts");
  const store = await openStore(path, { mode: stored ? "write" : "create" });
  try {
    const part = options.window ?? options.between;
    const title = options.save ??
      `${subject.subject.name}${part === undefined ? "" : `[${part}]`}@${site.name}`;
    const { ownCommand } = await import("../../../runtime/self.ts");
    const kept = { ...document, command: ownCommand() };
    const id = await store.saveDocument("estimate", title, kept, {
      replace: options.save === undefined,
    });
    await out.note(`stored as ${id} (${title})`);
  } finally {
    await store.close();
  }
}

export const command: CommandModule = {
  name: "estimate",
  summary: "energy, carbon, wear and cost of a recorded run or a replay",
  output: async () => (await import("../../schemas/estimate_schema.ts")).estimateDocumentSchema,
  build: () =>
    withGridOptions(withFactorOptions(
      new Command()
        .description(
          "Prices what a run or a replay used: energy, operational and embodied carbon, SSD wear and " +
            "dollars, each from low to high with the source of every coefficient. Several policies of " +
            "a replay are compared with shared coefficients tied together. Takes an id or name in " +
            "the store (a run, a replay, or imported samples), or a JSON file of a replay, a run or a usage. " +
            "Of one SMART reading it prices the life of the drives until then.",
        )
        .arguments("<run-or-replay:string>"),
    ))
      .option("--window <from..to:string>", WINDOW_HELP)
      .option("--between <marks:string>", BETWEEN_HELP)
      .option("--save <name:string>", "Store the estimate under this name.")
      .option(
        "--samples <n:integer>",
        "Say also in which share of N seeded draws of the coefficients the best stays best.",
      )
      .option("--seed <n:integer>", "Seed of the draws.")
      .option(
        "--requests <trace:string>",
        "Share the energy over the requests of this trace by token work.",
      )
      .option("--output-weight <w:number>", "Work of an output token against an input token.", {
        default: 1,
      })
      .option(
        "--object-place <place:string>",
        "Where the object store is, for egress: same-region, other-region or internet.",
      )
      .option(
        "--reserved",
        "Charge the tiers of a replay by the capacity they reserve, as advise does.",
      )
      .example("Price a replay in Virginia", "spillway estimate p1 --site aws-us-east-1")
      .example(
        "With a grid series of your own",
        "spillway estimate r1 --site my-site.json --grid US-CAL-CISO_2023_hourly.csv",
      )
      .example(
        "What if SSDs were dirtier?",
        "spillway estimate p1 --factor ssd.embodied=100..160",
      )
      .action((options: Options, name: string) => run(options, name)),
};
