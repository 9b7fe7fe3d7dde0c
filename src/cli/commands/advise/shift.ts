import { Command } from "@cliffy/command";
import { z } from "zod";
import { dataError, usageError } from "../../../model/errors.ts";
import type { GridSeries } from "../../../model/grid_series.ts";
import { formatGrams, formatNumber, parseSeconds } from "../../../model/units.ts";
import type { ShiftJob, ShiftPlan } from "../../../estimate/formulas/shift.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GridOptions, loadGrid, withGridOptions } from "../../estimate/factor_options.ts";
import { type GlobalOptions, openOutput, type Output } from "../../output.ts";
import { renderTable } from "../../table.ts";
import { wrapText } from "../../wrap.ts";

interface Options extends GlobalOptions, GridOptions {
  readonly marginal?: string;
  readonly to?: string;
  readonly toMarginal?: string;
  readonly energy?: number;
  readonly duration?: string;
  readonly within?: string;
  readonly start?: string;
  readonly slot: string;
  readonly interruptible?: boolean;
  readonly restart: number;
  readonly held: number;
}

const planSchema = z.object({
  starts: z.array(z.string()),
  segments: z.number(),
  computeGrams: z.number(),
  restartGrams: z.number(),
  heldGrams: z.number(),
  totalGrams: z.number(),
  savedGrams: z.number(),
});

const signalSchema = z.object({
  signal: z.enum(["average", "marginal"]),
  now: planSchema,
  contiguous: planSchema,
  interruptible: planSchema.nullable(),
  /** What the plan chosen by the average signal means by this signal. */
  byAverageChoice: z.number().nullable(),
});

const output = z.object({
  schema: z.literal("spillway/shift/1"),
  job: z.object({
    slots: z.number(),
    slotSeconds: z.number(),
    kwhPerSlot: z.number(),
    restartKwh: z.number(),
    heldGramsPerHour: z.number(),
    start: z.string(),
    windowSlots: z.number(),
  }),
  signals: z.array(signalSchema),
  region: z.object({
    averageGrams: z.number(),
    marginalGrams: z.number().nullable(),
    agree: z.boolean().nullable(),
  }).nullable(),
  advice: z.string(),
  notes: z.array(z.string()),
});

type Document = z.infer<typeof output>;

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function shownPlan(
  plan: ShiftPlan,
  now: ShiftPlan,
  from: number,
  slotSeconds: number,
): z.infer<typeof planSchema> {
  const starts = plan.slots.filter((s, i) => i === 0 || plan.slots[i - 1] !== s - 1);
  return {
    starts: starts.map((s) => iso(from + s * slotSeconds)),
    segments: plan.segments,
    computeGrams: plan.computeGrams,
    restartGrams: plan.restartGrams,
    heldGrams: plan.heldGrams,
    totalGrams: plan.totalGrams,
    savedGrams: now.totalGrams - plan.totalGrams,
  };
}

async function slotsOf(
  series: GridSeries,
  label: string,
  slotSeconds: number,
  from: number,
  wanted: number,
): Promise<Float64Array> {
  const { resample } = await import("../../../estimate/formulas/grid_series.ts");
  const slots = resample(series, slotSeconds, from, wanted);
  if (slots.length < wanted) {
    throw dataError(
      `${label}: it covers ${slots.length} of the ${wanted} slots from ${iso(from)}`,
      "give a longer series, a shorter --within or another --start",
    );
  }
  return slots;
}

function gramsOf(plan: ShiftPlan, intensity: Float64Array, job: ShiftJob): number {
  let grams = plan.heldGrams;
  plan.slots.forEach((s, i) => {
    grams += intensity[s] * job.kwhPerSlot;
    if (i > 0 && plan.slots[i - 1] !== s - 1) grams += intensity[s] * (job.restartKwh ?? 0);
  });
  return grams;
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  if (options.grid === undefined) throw usageError("advise shift: --grid FILE is missing");
  if (options.energy === undefined) throw usageError("advise shift: --energy KWH is missing");
  if (options.duration === undefined) throw usageError("advise shift: --duration is missing");
  const { bestContiguous, bestInterruptible, regionShift, runNow } = await import(
    "../../../estimate/formulas/shift.ts"
  );
  const { seriesMean } = await import("../../../estimate/formulas/grid_series.ts");
  const { unixSeconds } = await import("../../../parse/grid/timestamp.ts");
  const home = (await loadGrid({ ...options, gridSignal: options.gridSignal ?? "average" }))!;
  const load = (file: string | undefined, gridSignal: string) =>
    file === undefined ? Promise.resolve(null) : loadGrid({ grid: file, gridSignal });
  const marginal = await load(options.marginal, "marginal");
  const slotSeconds = parseSeconds(options.slot, "--slot");
  const duration = parseSeconds(options.duration, "--duration");
  const within = parseSeconds(options.within ?? "24h", "--within");
  const from = options.start === undefined ? home.startSeconds[0] : unixSeconds(options.start);
  if (from === null) throw usageError(`--start: "${options.start}" is no time, expected ISO 8601`);
  const slots = Math.ceil(duration / slotSeconds - 1e-9);
  const window = Math.floor(within / slotSeconds + 1e-9);
  if (slots < 1 || slots > window) {
    throw usageError(
      `--duration: ${options.duration} does not fit into --within ${options.within ?? "24h"}`,
    );
  }
  if (options.energy <= 0) throw usageError(`--energy: ${options.energy}, expected above 0`);
  const job: ShiftJob = {
    slots,
    kwhPerSlot: options.energy / slots,
    restartKwh: options.restart,
    heldGramsPerSlot: options.held * slotSeconds / 3600,
  };
  const average = await slotsOf(home, options.grid, slotSeconds, from, window);
  const chosen = options.interruptible
    ? bestInterruptible(average, job)
    : bestContiguous(average, job);
  const signals: Document["signals"] = [];
  const signalOf = (name: "average" | "marginal", intensity: Float64Array) => {
    const now = runNow(intensity, job);
    const show = (plan: ShiftPlan) => shownPlan(plan, now, from, slotSeconds);
    signals.push({
      signal: name,
      now: show(now),
      contiguous: show(bestContiguous(intensity, job)),
      interruptible: options.interruptible ? show(bestInterruptible(intensity, job)) : null,
      byAverageChoice: name === "average" ? null : gramsOf(chosen, intensity, job),
    });
  };
  signalOf("average", average);
  if (marginal !== null) {
    signalOf(
      "marginal",
      await slotsOf(marginal, options.marginal!, slotSeconds, from, window),
    );
  }
  const away = await load(options.to, "average");
  const awayMarginal = await load(options.toMarginal, "marginal");
  const over = (s: GridSeries | null) =>
    s === null ? null : seriesMean(s, from, from + duration).gramsPerKwh ??
      seriesMean(s).gramsPerKwh;
  const region = away === null ? null : regionShift(
    options.energy,
    { average: over(home)!, marginal: over(marginal) },
    { average: over(away)!, marginal: over(awayMarginal) },
  );
  const document: Document = {
    schema: "spillway/shift/1",
    job: {
      slots,
      slotSeconds,
      kwhPerSlot: job.kwhPerSlot,
      restartKwh: options.restart,
      heldGramsPerHour: options.held,
      start: iso(from),
      windowSlots: window,
    },
    signals,
    region,
    advice: advice(signals, region),
    notes: [
      ...new Set([...home.notes, ...(marginal?.notes ?? []), ...(away?.notes ?? [])]),
    ],
  };
  await out.emit(document, () => render(document, out));
}

function advice(signals: Document["signals"], region: Document["region"]): string {
  const [average, marginal] = signals;
  const best = average.interruptible ?? average.contiguous;
  const parts: string[] = [];
  if (best.savedGrams <= 0) parts.push("run it now: no later start saves carbon");
  else {
    const share = best.savedGrams / average.now.totalGrams * 100;
    parts.push(
      `start at ${best.starts.join(", ")}: saves ${formatGrams(best.savedGrams)} ` +
        `(${formatNumber(Number(share.toPrecision(3)))} %) by the average signal`,
    );
  }
  if (marginal === undefined) {
    parts.push("no marginal signal given (--marginal): what the shift really changes is unknown");
  } else if (best.savedGrams > 0) {
    const saved = marginal.now.totalGrams - marginal.byAverageChoice!;
    parts.push(
      saved > 0
        ? `the marginal signal agrees: ${formatGrams(saved)}`
        : `the marginal signal disagrees: the same shift adds ${formatGrams(-saved)}`,
    );
  }
  if (region !== null) {
    const word = (g: number) => g < 0 ? `saves ${formatGrams(-g)}` : `adds ${formatGrams(g)}`;
    parts.push(
      `moving the region ${word(region.averageGrams)} by the average` +
        (region.marginalGrams === null
          ? "; by the marginal signal unknown"
          : ` and ${word(region.marginalGrams)} by the marginal signal` +
            (region.agree ? "" : ": they disagree")),
    );
  }
  return parts.join("; ");
}

function render(document: Document, out: Output): string {
  const rows = document.signals.flatMap((s) =>
    ([["now", s.now], ["best start", s.contiguous], ["best slots", s.interruptible]] as const)
      .flatMap(([name, plan]) =>
        plan === null ? [] : [[
          s.signal,
          name,
          plan.starts[0],
          String(plan.segments),
          formatGrams(plan.totalGrams),
          formatGrams(plan.savedGrams),
        ]]
      )
  );
  return renderTable(
    [
      { title: "signal" },
      { title: "plan" },
      { title: "starts" },
      { title: "parts", align: "right" },
      { title: "carbon", align: "right" },
      { title: "saved", align: "right" },
    ],
    rows,
    out.width,
    out.style.bold,
  ) + `\n${wrapText(document.advice, out.width).join("\n")}\n` +
    document.notes.map((n) => `${wrapText(`note: ${n}`, out.width).join("\n")}\n`).join("");
}

export const command: CommandModule = {
  name: "advise shift",
  summary: "when and where to run deferrable work, by the average and the marginal signal",
  output: () => output,
  build: () =>
    withGridOptions(
      new Command().description(
        "Plans deferrable work (checkpoint uploads, offline batches, fine-tuning) against a grid " +
          "series: the best start, or with --interruptible the best slots with the cost of each " +
          "restart and of what is kept stored while waiting. Inventories use the average signal; what " +
          "a shift changes is the marginal one: give both.",
      ),
    )
      .option("--marginal <file:file>", "Marginal series of the same place.")
      .option("--to <file:file>", "Average series of another region to move to.")
      .option("--to-marginal <file:file>", "Marginal series of that region.")
      .option("--energy <kwh:number>", "Facility energy of the whole job, kWh.")
      .option("--duration <time:string>", "Running time of the job: 3h.")
      .option("--within <time:string>", "Time until the deadline: 24h.")
      .option("--start <time:string>", "Earliest start, ISO 8601; the start of the series.")
      .option("--slot <time:string>", "Length of a slot.", { default: "1h" })
      .option("--interruptible", "The job may pause and resume.")
      .option("--restart <kwh:number>", "Energy of one resume, kWh.", { default: 0 })
      .option("--held <grams:number>", "Grams an hour of storage held while waiting.", {
        default: 0,
      })
      .example(
        "When should a fine-tuning run?",
        "spillway advise shift --grid US-CAL-CISO_2023_hourly.csv --energy 300 --duration 3h",
      )
      .action((options: Options) => run(options)),
};
