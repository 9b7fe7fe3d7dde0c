import { Command } from "@cliffy/command";
import { z } from "zod";
import { dataError, messageOf, usageError } from "../../../model/errors.ts";
import { formatDecimalBytes, formatGrams, formatSeconds, formatUsd } from "../../../model/units.ts";
import type { Interval } from "../../../estimate/interval.ts";
import type { PlacedClass, PlacementGoal } from "../../../estimate/placement/place.ts";
import { readTextIfExists } from "../../../runtime/files.ts";
import type { CommandModule } from "../../command_module.ts";
import {
  type FactorOptions,
  loadFactors,
  todayOf,
  withFactorOptions,
} from "../../estimate/factor_options.ts";
import { openOutput, type Output } from "../../output.ts";
import { renderTable } from "../../table.ts";
import { wrapText } from "../../wrap.ts";

interface Options extends FactorOptions {
  readonly minimize?: string;
  readonly example?: boolean;
}

const interval = z.object({ low: z.number(), mid: z.number(), high: z.number() }).nullable();

const output = z.object({
  schema: z.literal("spillway/placement/1"),
  site: z.string(),
  minimize: z.enum(["total_usd", "total_grams_co2e"]),
  classes: z.array(z.object({
    name: z.string(),
    options: z.array(z.object({
      medium: z.string(),
      title: z.string(),
      latencySeconds: z.number(),
      meetsLatency: z.boolean(),
      usdPerMonth: interval,
      gramsPerMonth: interval,
      reason: z.string().nullable(),
    })),
    chosen: z.array(z.object({ segment: z.string(), medium: z.string(), bytes: z.number() }))
      .nullable(),
    usdPerMonth: interval,
    gramsPerMonth: interval,
    reason: z.string(),
    savers: z.array(z.object({
      name: z.string(),
      source: z.string(),
      lossy: z.boolean(),
      price: z.string().nullable(),
      savedUsdPerMonth: z.number().nullable(),
      savedGramsPerMonth: z.number().nullable(),
      savedUsdOverLife: z.number().nullable(),
      savedGramsOverLife: z.number().nullable(),
    })),
  })),
  warnings: z.array(z.string()),
});

/** An input to start from: the three classes of data of a training and serving shop. */
const EXAMPLE = {
  schema: "spillway/placement-input/1",
  classes: [
    {
      name: "checkpoints",
      kind: "checkpoints",
      bytes: "24.5TB",
      objectBytes: "64MiB",
      writtenBytesPerMonth: "3528TB",
      readBytesPerMonth: "24.5TB",
      bandwidth: "10GB/s",
      retentionSeconds: "5h",
      latencySeconds: "60s",
    },
    {
      name: "cold KV",
      kind: "kv",
      bytes: "10TB",
      objectBytes: "2MiB",
      writtenBytesPerMonth: "60TB",
      readBytesPerMonth: "90TB",
      retentionSeconds: "5d",
      latencySeconds: "1ms",
      latencyReadsShare: 0.9,
      segments: [
        { name: "recent", bytesShare: 0.2, readsShare: 0.9 },
        { name: "old", bytesShare: 0.8, readsShare: 0.1 },
      ],
    },
    {
      name: "samples",
      kind: "samples",
      bytes: "50TB",
      objectBytes: "128KiB",
      writtenBytesPerMonth: 0,
      readBytesPerMonth: "50TB",
      retentionSeconds: "365d",
      latencySeconds: "200ms",
    },
  ],
};

function money(i: Interval | null): string {
  return i === null ? "unknown" : `${formatUsd(i.mid)} (${formatUsd(i.low)}..${formatUsd(i.high)})`;
}

function grams(i: Interval | null): string {
  return i === null
    ? "unknown"
    : `${formatGrams(i.mid)} (${formatGrams(i.low)}..${formatGrams(i.high)})`;
}

function saverLine(s: PlacedClass["savers"][number]): string {
  const name = `- ${s.name}${s.lossy ? " (lossy)" : ""}: `;
  const price = s.price === null ? "" : `; ${s.price}`;
  if ((s.savedUsdPerMonth ?? 0) <= 0 && (s.savedGramsPerMonth ?? 0) <= 0) {
    return `${name}saves nothing here: the rate, not the bytes, decides what is bought${price}`;
  }
  const usd = s.savedUsdPerMonth === null ? "unknown $" : formatUsd(s.savedUsdPerMonth);
  const carbon = s.savedGramsPerMonth === null
    ? "unknown carbon"
    : formatGrams(s.savedGramsPerMonth);
  const life = s.savedGramsOverLife === null ? "?" : formatGrams(s.savedGramsOverLife);
  return `${name}saves ${usd}, ${carbon} a month; ${life} over the hardware's life (${s.source})${price}`;
}

function renderClass(c: PlacedClass, out: Output): string {
  const table = renderTable(
    [
      { title: "medium", flexible: true },
      { title: "first byte", align: "right" },
      { title: "fast?" },
      { title: "$ a month", align: "right" },
      { title: "carbon a month", align: "right" },
    ],
    c.options.map((o) => [
      o.title,
      formatSeconds(o.latencySeconds),
      o.meetsLatency ? "yes" : "no",
      o.usdPerMonth === null ? "unknown" : formatUsd(o.usdPerMonth.mid),
      o.gramsPerMonth === null ? "unknown" : formatGrams(o.gramsPerMonth.mid),
    ]),
    out.width,
  );
  const verdict = c.chosen === null
    ? `no placement: ${c.reason}`
    : `${
      c.chosen.map((p) =>
        c.chosen!.length === 1
          ? `put it on ${p.medium}`
          : `${p.segment} (${formatDecimalBytes(p.bytes)}) on ${p.medium}`
      ).join(", ")
    }: ${money(c.usdPerMonth)} and ${grams(c.gramsPerMonth)} a month; ${c.reason}`;
  const savers = c.savers.map(saverLine);
  return `${out.style.bold(c.name)}\n${table}\n${wrapText(verdict, out.width).join("\n")}\n` +
    (savers.length === 0
      ? ""
      : `\nstore less:\n${savers.flatMap((s) => wrapText(s, out.width)).join("\n")}\n`);
}

async function readClasses(file: string) {
  const { placementFileSchema } = await import("../../../estimate/placement/data_class.ts");
  const text = readTextIfExists(file);
  if (text === null) throw dataError(`${file}: the file does not exist`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(`${file}: not valid JSON: ${messageOf(error)}`);
  }
  const parsed = placementFileSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw dataError(
      `${file}: ${issue.path.join(".") || "top level"}: ${issue.message}`,
      '"spillway advise placement --example" prints an input to start from',
    );
  }
  for (const c of parsed.data.classes) {
    const bytes = c.segments.reduce((a, s) => a + s.bytesShare, 0);
    const reads = c.segments.reduce((a, s) => a + s.readsShare, 0);
    if (c.segments.length > 0 && (Math.abs(bytes - 1) > 1e-6 || Math.abs(reads - 1) > 1e-6)) {
      throw dataError(
        `${file}: class "${c.name}": its segments hold ${bytes} of the bytes and ${reads} of the ` +
          "reads, expected 1 and 1",
      );
    }
  }
  return parsed.data.classes;
}

async function run(options: Options, file: string | undefined): Promise<void> {
  const out = openOutput(options);
  if (options.example) {
    return await openOutput({ ...options, json: true }).emit(EXAMPLE, () => "");
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
  const classes = await readClasses(file);
  const { estimateContext } = await import("../../../estimate/usage/context.ts");
  const { placeClass } = await import("../../../estimate/placement/place.ts");
  const { mediaOf } = await import("../../../estimate/placement/media.ts");
  const { staleWarnings } = await import("../../../estimate/factors/staleness.ts");
  const { loadProfile } = await import("../../load_profiles.ts");
  const site = (await loadProfile("site", out.setting("site", options.site).value ?? "anywhere"))!;
  const { factors } = estimateContext(site, null, await loadFactors(options, out));
  const placed = classes.map((c) => placeClass(c, factors, goal as PlacementGoal));
  const chosen = new Set(placed.flatMap((p) => (p.chosen ?? []).map((c) => c.medium)));
  const ids = new Set(
    mediaOf(factors).filter((m) => chosen.has(m.name)).flatMap((m) =>
      [m.usdPerGbMonth, m.embodiedGramsPerGb, m.wattsPerGb].flatMap((p) => p?.ids ?? [])
    ),
  );
  const today = todayOf(options);
  const document = {
    schema: "spillway/placement/1" as const,
    site: site.name,
    minimize: goal,
    classes: placed,
    warnings: staleWarnings([...ids].flatMap((id) => factors.get(id) ?? []), today),
  };
  await out.emit(
    document,
    () =>
      placed.map((c) => renderClass(c, out)).join("\n") +
      document.warnings.map((w) => `${wrapText(`warning: ${w}`, out.width).join("\n")}\n`).join(""),
  );
}

export const command: CommandModule = {
  name: "advise placement",
  summary: "the cheapest or greenest medium for each class of data, and what storing less saves",
  output: () => output,
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
      .example("Write an input to start from", "spillway advise placement --example > classes.json")
      .example(
        "Where should it lie?",
        "spillway advise placement classes.json --site gcp-us-east4 --minimize total_grams_co2e",
      )
      .action((options: Options, file?: string) => run(options, file)),
};
