import { Command } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput } from "../output.ts";
import { CONFIG_FILE } from "../config_file.ts";
import { renderTable } from "../table.ts";

interface Options extends GlobalOptions {
  readonly rounds: number;
  readonly folder: string;
  readonly save?: boolean;
}

const output = z.strictObject({
  schema: z.literal("spillway/noise/1"),
  rounds: z.number(),
  evidence: z.literal("measured"),
  probes: z.array(z.strictObject({
    name: z.string(),
    seconds: z.array(z.number()),
    medianSeconds: z.number(),
    noiseRatio: z.number().describe("standard deviation of the logarithms of the times"),
    minDetectable: z.strictObject({
      runs5: z.number().describe("smallest change that 5 runs a side find in 80 % of cases"),
      runs10: z.number(),
    }),
  })),
  suggestedNoise: z.number().describe("for gate --noise: the noise of the least steady probe"),
});

const percent = (ratio: number) => formatRatio(Number(ratio.toPrecision(2)));

async function run(options: Options, argv: readonly string[]): Promise<void> {
  const out = openOutput(options);
  if (options.rounds < 3) {
    throw usageError(`--rounds: ${options.rounds} is fewer than 3`, "noise needs several rounds");
  }
  const { measureNoise } = await import("../gate/noise_probes.ts");
  const { median } = await import("../../stats/median.ts");
  const { minDetectableEffect, relativeNoise } = await import("../../stats/power.ts");
  const probes = measureNoise(options.rounds, argv, options.folder).map(({ name, seconds }) => {
    const noiseRatio = relativeNoise(seconds)!;
    return {
      name,
      seconds,
      medianSeconds: median(seconds),
      noiseRatio,
      minDetectable: {
        runs5: minDetectableEffect(noiseRatio, 5, 5),
        runs10: minDetectableEffect(noiseRatio, 10, 10),
      },
    };
  });
  const suggestedNoise = Math.ceil(1000 * Math.max(...probes.map((p) => p.noiseRatio))) / 1000;
  if (options.save) {
    const { updateGateConfig } = await import("../update_config.ts");
    updateGateConfig({ noise: suggestedNoise });
  }
  await out.emit(
    {
      schema: "spillway/noise/1",
      rounds: options.rounds,
      evidence: "measured",
      probes,
      suggestedNoise,
    },
    () =>
      renderTable(
        [
          { title: "probe", flexible: true },
          { title: "median", align: "right" },
          { title: "noise", align: "right" },
          { title: "found, 5 runs", align: "right" },
          { title: "found, 10 runs", align: "right" },
        ],
        probes.map((p) => [
          p.name,
          formatSeconds(p.medianSeconds),
          percent(p.noiseRatio),
          percent(p.minDetectable.runs5),
          percent(p.minDetectable.runs10),
        ]),
        out.width,
        out.style.bold,
      ) +
      `\n${options.rounds} rounds, measured. "found": the smallest change that so many runs a side show\n` +
      `in 80 % of cases. ${
        options.save
          ? `Gates use ${suggestedNoise} from now on (${CONFIG_FILE}: gate.noise).`
          : `Next: spillway gate ID --noise ${suggestedNoise}, or noise --save for all gates`
      }\n`,
  );
}

export const command: CommandModule = {
  name: "noise",
  summary: "measure how still this machine is, and which changes a gate can find on it",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Times fixed work on the processor, in memory and on the disk, or a command of yours, in rounds. " +
          "Prints the noise from run to run and the smallest change that a gate would find.",
      )
      .usage("[options] [-- <command...>]")
      .option("--rounds <n:integer>", "How often each is timed.", { default: 10 })
      .option("--folder <folder:file>", "Folder on the disk to measure.", { default: "." })
      .option("--save", "Write the noise into spillway.json, for every gate.")
      .example("This machine", "spillway noise")
      .example("A workload", "spillway noise --rounds 20 -- ./step --small")
      .action(async function (options: Options) {
        await run(options, this.getLiteralArgs());
      }),
};
