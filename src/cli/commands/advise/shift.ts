import { Command } from "@cliffy/command";
import { dataError, usageError } from "../../../model/errors.ts";
import type { GridSeries } from "../../../model/grid_series.ts";
import { parseSeconds } from "../../../model/units.ts";
import type { ShiftJob, ShiftPlan } from "../../../estimate/formulas/shift.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GridOptions, loadGrid, withGridOptions } from "../../estimate/factor_options.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import type { ShiftDocument } from "../../schemas/shift_schema.ts";

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
  readonly save?: string;
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function shownPlan(
  plan: ShiftPlan,
  now: ShiftPlan,
  from: number,
  slotSeconds: number,
): ShiftDocument["signals"][number]["now"] {
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
  if (options.toMarginal !== undefined && options.to === undefined) {
    throw usageError("--to-marginal needs --to FILE", "give the average series of that region too");
  }
  const { bestContiguous, bestInterruptible, regionShift, runNow } = await import(
    "../../../estimate/formulas/shift.ts"
  );
  const { renderShift, shiftAdvice } = await import("../../advise/shift_render.ts");
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
  if (!(options.energy > 0)) throw usageError(`--energy: ${options.energy}, expected above 0`);
  for (const flag of ["restart", "held"] as const) {
    if (!(options[flag] >= 0)) throw usageError(`--${flag}: ${options[flag]}, expected at least 0`);
  }
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
  const signals: ShiftDocument["signals"] = [];
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
  const marginalSlots = marginal === null
    ? null
    : await slotsOf(marginal, options.marginal!, slotSeconds, from, window);
  if (marginalSlots !== null) signalOf("marginal", marginalSlots);
  const away = await load(options.to, "average");
  const awayMarginal = await load(options.toMarginal, "marginal");
  const notes: string[] = [];
  const over = (s: GridSeries | null, label: string | undefined) => {
    if (s === null) return null;
    const { gramsPerKwh, coverageRatio } = seriesMean(s, from, from + duration);
    if (gramsPerKwh !== null && coverageRatio >= 0.99) return gramsPerKwh;
    notes.push(
      `${label} covers ${(coverageRatio * 100).toFixed(1)} % of the job's time from ${
        iso(from)
      }: the ` +
        "mean of the whole series is taken for the region",
    );
    return seriesMean(s).gramsPerKwh;
  };
  const region = away === null ? null : regionShift(
    options.energy,
    { average: over(home, options.grid)!, marginal: over(marginal, options.marginal) },
    { average: over(away, options.to)!, marginal: over(awayMarginal, options.toMarginal) },
  );
  const document: ShiftDocument = {
    schema: "spillway/shift/1",
    evidence: "modelled",
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
    advice: shiftAdvice(signals, region),
    notes: [
      ...new Set([...home.notes, ...(marginal?.notes ?? []), ...(away?.notes ?? []), ...notes]),
    ],
  };
  await out.emit(document, () => renderShift(document, out));
  if (options.save !== undefined) {
    const { saveAdvice } = await import("../../advise/save_advice.ts");
    const { shiftPage } = await import("../../advise/shift_page.ts");
    const label = options.grid.split("/").at(-1)!;
    await saveAdvice(options.save, shiftPage(document, label, average, marginalSlots), out);
  }
}

export const command: CommandModule = {
  name: "advise shift",
  summary: "when and where to run deferrable work, by the average and the marginal signal",
  output: async () => (await import("../../schemas/shift_schema.ts")).shiftDocumentSchema,
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
      .option("--save <name:string>", "Keep the answer in the store under this name.")
      .example(
        "When should a fine-tuning run?",
        "spillway advise shift --grid US-CAL-CISO_2023_hourly.csv --energy 300 --duration 3h",
      )
      .action((options: Options) => run(options)),
};
