import { Command } from "@cliffy/command";
import { z } from "zod";
import { environmentError } from "../../model/errors.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import { parseBytes, parseSeconds } from "../../model/units.ts";
import type { Measurement } from "../../workload/calibrate/measurement.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { renderTable } from "../table.ts";

interface Options extends GlobalOptions {
  readonly output: string;
  readonly directory: string;
  readonly size: number;
  readonly seconds: number;
  readonly repeats: number;
  readonly force?: boolean;
  readonly fio: boolean;
}

/** Above this coefficient of variation of a fixed piece of work, figures of this machine mislead. */
const NOISE_LIMIT = 0.1;

const output = z.strictObject({
  schema: z.literal("spillway/calibrate/1"),
  file: z.string(),
  noiseRatio: z.number(),
  measurements: z.array(z.strictObject({
    id: z.string(),
    unit: z.string(),
    value: z.number(),
    low: z.number(),
    high: z.number(),
    repeats: z.number(),
    method: z.string(),
  })),
  profile: z.looseObject({}),
});

async function measureStorage(options: Options, out: Output): Promise<Measurement[]> {
  const { withScratch } = await import("../../workload/scratch.ts");
  return await withScratch(options.directory, options.size * 1.1, async (directory, signal) => {
    const { FIO_PLANS, fioVersion, measureWithFio } = await import(
      "../../workload/calibrate/fio.ts"
    );
    const version = options.fio ? fioVersion() : null;
    if (version === null) {
      await out.warn(
        options.fio
          ? "fio is not installed: storage is measured by our own reader and writer (lower bounds)"
          : "storage is measured by our own reader and writer (lower bounds)",
      );
      const { measureOwnStorage } = await import("../../workload/calibrate/own_storage.ts");
      return measureOwnStorage(directory, options.size, options.repeats, () => performance.now());
    }
    const measured: Measurement[] = [];
    for (const [i, plan] of FIO_PLANS.entries()) {
      await out.note(`[${i + 1}/${FIO_PLANS.length}] ${plan.what}`);
      measured.push(
        await measureWithFio(plan, {
          directory,
          fileBytes: options.size,
          seconds: options.seconds,
          repeats: options.repeats,
          version,
          signal,
        }),
      );
    }
    return measured;
  });
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const { measureMemoryCopy, measureStillness } = await import(
    "../../workload/calibrate/memory.ts"
  );
  const clock = () => performance.now();
  const noiseRatio = measureStillness(20, clock);
  if (noiseRatio > NOISE_LIMIT && !options.force) {
    throw environmentError(
      `this machine is not still: the same work varies by ${formatInUnit(noiseRatio, "ratio")}, ` +
        `and figures would mislead above ${formatInUnit(NOISE_LIMIT, "ratio")}`,
      "stop other work, or measure anyway with --force",
    );
  }
  const measurements = [
    measureMemoryCopy(options.repeats + 2, clock),
    ...await measureStorage(options, out),
  ];
  const { machineFacts } = await import("../../runtime/machine_facts.ts");
  const { profileOf } = await import("../../workload/calibrate/profile.ts");
  const profile = profileOf(measurements, {
    ...machineFacts(options.directory),
    name: options.output.replace(/^.*\//, "").replace(/\.json$/, ""),
    asOf: new Date().toISOString().slice(0, 10),
  });
  const { writeFileAtomically } = await import("../../runtime/write_file.ts");
  writeFileAtomically(options.output, JSON.stringify(profile, null, 2) + "\n");
  const document = {
    schema: "spillway/calibrate/1",
    file: options.output,
    noiseRatio,
    measurements,
    profile,
  };
  await out.emit(document, () =>
    renderTable(
      [
        { title: "measured" },
        { title: "median", align: "right" },
        { title: "low", align: "right" },
        {
          title: "high",
          align: "right",
        },
      ],
      measurements.map((m) => [
        m.id.replace(/_(bytes_per_second|seconds|iops)$/, "").replaceAll("_", " "),
        ...[m.value, m.low, m.high].map((v) => formatInUnit(v, m.unit)),
      ]),
      out.width,
      out.style.bold,
    ) +
    `\nEvidence: measured here. Use it: spillway replay offload … --hardware ${options.output}\n`);
}

export const command: CommandModule = {
  name: "calibrate",
  summary: "measure this machine into a hardware profile",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Measures memory and storage of this machine and writes a hardware profile that every replay " +
          "can use. Storage is measured with fio where it is installed. About one minute.",
      )
      .type("size", ({ value, name }) => parseBytes(value, name))
      .type("duration", ({ value, name }) => parseSeconds(value, name))
      .option("-o, --output <file:file>", "The profile to write.", { default: "this-machine.json" })
      .option("--directory <folder:file>", "Folder on the storage to measure.", { default: "." })
      .option("--size <bytes:size>", "Size of the test file.", { default: 2 ** 30 })
      .option("--seconds <time:duration>", "Length of each measurement.", { default: 2 })
      .option("--repeats <n:integer>", "Repeats of each measurement.", { default: 3 })
      .option("--force", "Measure even when the machine is not still.")
      .option("--no-fio", "Use our own reader and writer even where fio is installed.")
      .example(
        "Measure the drive under /data",
        "spillway calibrate --directory /data -o node7.json",
      )
      .action((options: Options) => run(options)),
};
