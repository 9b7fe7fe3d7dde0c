import { Command } from "@cliffy/command";
import { z } from "zod";
import { dataError } from "../../../model/errors.ts";
import { formatRatio, formatSeconds } from "../../../model/units.ts";
import type { ErrorSpread, WorkloadFit } from "../../../replay/loader/mlperf_fit.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../../output.ts";
import { renderTable } from "../../table.ts";
import { wrapText } from "../../wrap.ts";

const spreadSchema = z.strictObject({
  runs: z.number(),
  p10: z.number(),
  median: z.number(),
  p90: z.number(),
  medianAbsolute: z.number(),
});

const output = z.strictObject({
  schema: z.literal("spillway/loader-fit/1"),
  file: z.string(),
  runs: z.number(),
  incomplete: z.number(),
  workloads: z.array(z.strictObject({
    workload: z.string(),
    runs: z.number(),
    targetRatio: z.number(),
    ruleViolations: z.number(),
    lowestUtilization: z.number(),
    identity: spreadSchema,
    startSeconds: z.number().nullable(),
    withStart: spreadSchema.nullable(),
    transfer: spreadSchema.nullable(),
    worst: z.strictObject({ system: z.string(), error: z.number() }),
  })),
});

function percent(x: number): string {
  return `${x > 0 ? "+" : ""}${formatRatio(Number(x.toPrecision(2)))}`;
}

function range(s: ErrorSpread | null): string {
  return s === null ? "-" : `${percent(s.p10)} … ${percent(s.p90)}`;
}

function sentences(fits: readonly WorkloadFit[]): string[] {
  return fits.flatMap((f) => [
    `${f.workload}: ${
      f.ruleViolations === 0
        ? `${
          f.runs === 1 ? "the verdict follows" : `all ${f.runs} verdicts follow`
        } the rule "utilisation at least ${formatRatio(f.targetRatio)}"`
        : `${f.ruleViolations} of ${f.runs} verdicts do not follow the rule`
    }; the lowest is ${formatRatio(Number(f.lowestUtilization.toPrecision(4)))}.`,
    `${f.workload}: throughput from utilisation misses most at ${f.worst.system} (${
      percent(f.worst.error)
    })${
      f.startSeconds === null || f.startSeconds <= 0 || f.withStart === null
        ? ""
        : `; ${
          formatSeconds(Number(f.startSeconds.toPrecision(2)))
        } an epoch outside its steps, taken from the A100 runs, explain it on the H100 runs to ${
          percent(f.withStart.median)
        }`
    }.`,
    ...(f.transfer === null || Math.abs(f.transfer.median) <= 0.1 ? [] : [
      `${f.workload}: the bandwidth that A100 runs reached does not carry over to H100 runs (${
        percent(f.transfer.median)
      } in the median): those submissions did not saturate their storage.`,
    ]),
  ]);
}

function render(fits: readonly WorkloadFit[], incomplete: number, out: Output): string {
  const titles = ["workload", "runs", "median error", "p10 … p90", "with start", "H100 from A100"];
  const table = renderTable(
    titles.map((title, i) => ({ title, align: i === 0 ? "left" as const : "right" as const })),
    fits.map((f) => [
      f.workload,
      String(f.runs),
      percent(f.identity.median),
      range(f.identity),
      range(f.withStart),
      range(f.transfer),
    ]),
    out.width,
    out.style.bold,
  );
  const notes = [
    ...sentences(fits),
    ...(incomplete === 0 ? [] : [
      `${
        incomplete === 1 ? "1 row lacks" : `${incomplete} rows lack`
      } a number or the accelerator: left out.`,
    ]),
  ];
  return `${table}\n${
    notes.flatMap((n) =>
      wrapText(n, out.width - 2).map((line, i) => (i === 0 ? "- " : "  ") + line)
    ).join("\n")
  }\n`;
}

async function run(options: GlobalOptions, file: string): Promise<void> {
  const out = openOutput(options);
  const { openInput, readAll } = await import("../../../ingest/input.ts");
  const { withPlaces } = await import("../../../ingest/place.ts");
  const { parseMlperfSummary } = await import("../../../parse/mlperf_summary.ts");
  const { fitMlperf } = await import("../../../replay/loader/mlperf_fit.ts");
  const input = await openInput(file);
  try {
    const bytes = await readAll(input);
    const { runs, incomplete } = await withPlaces(file, () => parseMlperfSummary(bytes));
    const workloads = fitMlperf(runs);
    if (workloads.length === 0) {
      throw dataError(`${file} has no run of unet3d, resnet50 or cosmoflow on a100 or h100`);
    }
    const document = {
      schema: "spillway/loader-fit/1",
      file,
      runs: runs.length,
      incomplete,
      workloads,
    };
    await out.emit(document, () => render(workloads, incomplete, out));
  } finally {
    await input.close();
  }
}

export const command: CommandModule = {
  name: "loader fit",
  summary: "hold the loader's model against submitted runs of MLPerf Storage",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Reads a table of MLPerf Storage v1.0 run summaries and says, for each workload: do the verdicts " +
          "follow the rule of accelerator utilisation, does utilisation give the throughput, with and without a " +
          "start-up time, and does the bandwidth that a system's A100 runs reached predict its H100 runs.",
      )
      .arguments("<summary:file>")
      .example("The published table", "spillway loader fit summary_v1.0.csv")
      .action((options: GlobalOptions, file: string) => run(options, file)),
};
