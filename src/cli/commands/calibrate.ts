import { Command } from "@cliffy/command";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { dataError, environmentError, messageOf } from "../../model/errors.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import type { EngineProfile } from "../../model/profiles/engine.ts";
import type { HardwareProfile, StoragePoint } from "../../model/profiles/hardware.ts";
import { counted } from "../../model/plural.ts";
import { formatNumber, formatRatio, parseBytes, parseSeconds } from "../../model/units.ts";
import type { Measurement } from "../../workload/calibrate/measurement.ts";
import type { CommandModule } from "../command_module.ts";
import { type GlobalOptions, openOutput, type Output } from "../output.ts";
import { createProgress, type Progress } from "../progress.ts";
import { renderTable } from "../table.ts";
import { wrapText } from "../wrap.ts";

interface Options extends GlobalOptions {
  readonly output: string;
  readonly directory: string;
  readonly size: number;
  readonly seconds: number;
  readonly repeats: number;
  readonly force?: boolean;
  readonly fio: boolean;
  readonly storage: boolean;
  readonly import?: readonly string[];
  readonly gpu?: string;
  readonly engine?: string;
  readonly threads: number;
}

const measurement = z.strictObject({
  id: z.string(),
  unit: z.string(),
  value: z.number(),
  low: z.number(),
  high: z.number(),
  repeats: z.number(),
  method: z.string(),
});

const output = z.strictObject({
  schema: z.literal("spillway/calibrate/1"),
  file: z.string(),
  noiseRatio: z.number().describe("the noisier of processor and memory, as noise measures it"),
  seconds: z.number().describe("how long it took"),
  measurements: z.array(measurement),
  notes: z.array(z.string()),
  profile: z.looseObject({}),
});

interface Parts {
  readonly measurements: readonly Measurement[];
  readonly points: readonly StoragePoint[];
}

/** The noise of processor and memory; the disk's own is part of what is measured. */
async function checkNoise(options: Options): Promise<number> {
  const { machineNoise, NOISE_LIMIT, NOISE_PROBE_BYTES } = await import(
    "../bench/machine_noise.ts"
  );
  const { withScratch } = await import("../../workload/scratch.ts");
  const worst = await withScratch(
    options.directory,
    NOISE_PROBE_BYTES,
    (folder) => Promise.resolve(machineNoise(folder)),
  );
  if (worst.ratio <= NOISE_LIMIT || options.force) return worst.ratio;
  const percent = (ratio: number) => formatRatio(Number(ratio.toPrecision(2)));
  throw environmentError(
    `this machine is noisy: the same ${worst.name} work varies by ${percent(worst.ratio)}, and ` +
      `figures would mislead above ${percent(NOISE_LIMIT)}`,
    "stop other work and run it again, or measure anyway with --force",
  );
}

async function measureStorage(
  options: Options,
  asOf: string,
  out: Output,
  progress: Progress,
): Promise<Parts> {
  const { withScratch } = await import("../../workload/scratch.ts");
  return await withScratch(options.directory, options.size * 1.1, async (directory, signal) => {
    const { findFio } = await import("../../workload/calibrate/fio.ts");
    const fio = options.fio ? findFio() : null;
    if (fio === null) {
      await out.warn(
        options.fio
          ? "fio is not installed: storage is measured by our own reader and writer (lower bounds)"
          : "storage is measured by our own reader and writer (lower bounds)",
      );
      const { measureOwnStorage } = await import("../../workload/calibrate/own_storage.ts");
      const clock = () => performance.now();
      const measurements = measureOwnStorage(directory, options.size, options.repeats, clock);
      return { measurements, points: [] };
    }
    const { measureStorage: measure } = await import("../../workload/calibrate/measure_storage.ts");
    return await measure(
      fio,
      { ...options, directory, fileBytes: options.size, signal },
      asOf,
      progress.update,
    );
  });
}

function importFiles(
  paths: readonly string[],
  read: (text: string, label: string) => Parts & { readonly what: string },
): (Parts & { what: string })[] {
  return paths.map((path) => {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch (error) {
      throw dataError(`--import ${path}: it cannot be read: ${messageOf(error)}`);
    }
    const imported = read(text, path);
    return { ...imported, what: `imported ${path}: ${imported.what}` };
  });
}

async function measureEngine(
  options: Options,
  asOf: string,
  seed: number,
  progress: Progress,
): Promise<EngineProfile | null> {
  if (options.engine === undefined) return null;
  const { engineReady } = await import("../../workload/llm/engine_setup.ts");
  const missing = engineReady();
  if (missing !== null) throw environmentError(missing, 'run "spillway bench llm --setup" once');
  const { withScratch } = await import("../../workload/scratch.ts");
  const { calibrateChoice } = await import("../../workload/llm/engine_claims.ts");
  const { workload } = await import("../../workload/workloads/conversation.ts");
  const file = options.engine.endsWith(".gguf") ? options.engine : null;
  const choice = workload.params.parse({
    ...(file === null ? { model: options.engine } : { file }),
    threads: options.threads,
  });
  return await withScratch(options.directory, 5e8, async (directory, signal) => {
    const context = {
      directory,
      signal,
      seed,
      asOf,
      mark: () => {},
      progress: progress.update,
    };
    return (await calibrateChoice(choice, context, [])).profile;
  });
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  const started = performance.now();
  const asOf = new Date().toISOString().slice(0, 10);
  const { importMeasurements } = await import("../../workload/calibrate/import_measurements.ts");
  const imported = importFiles(
    options.import ?? [],
    (text, label) => importMeasurements(text, label, asOf),
  );
  const { loadProfile } = await import("../load_profiles.ts");
  const base: HardwareProfile | null = await loadProfile("hardware", options.gpu);
  const noiseRatio = await checkNoise(options);
  const progress = createProgress("calibrate", out);
  const clock = () => performance.now();
  const { measureMemoryCopy } = await import("../../workload/calibrate/memory.ts");
  const { measureMatmul } = await import("../../workload/calibrate/matmul.ts");
  const { measureGpu } = await import("../../workload/calibrate/measure_gpu.ts");
  const own = [measureMemoryCopy(options.repeats + 2, clock), measureMatmul(5, clock)];
  const gpu = await measureGpu(asOf);
  // A profile never mixes two drives: a file about storage stands for all of it.
  const importsStorage = imported.some((i) =>
    i.points.length > 0 || i.measurements.some((m) => m.id.startsWith("sequential_"))
  );
  const importsLinks = imported.some((i) => i.measurements.some((m) => m.id.includes("_device")));
  const storage = options.storage && !importsStorage
    ? await measureStorage(options, asOf, out, progress)
    : { measurements: [], points: [] };
  const seed = Number(out.setting("seed").value);
  const engine = await measureEngine(options, asOf, seed, progress);
  progress.end();
  // What was imported stands in place of what would have been measured: the first of an id counts.
  const measurements = [
    ...imported.flatMap((i) => i.measurements),
    ...own,
    ...gpu.measurements,
    ...storage.measurements,
  ];
  const { machineFacts } = await import("../../runtime/machine_facts.ts");
  const { readPciePaths } = await import("../../workload/calibrate/pcie_paths.ts");
  const { profileOf } = await import("../../workload/calibrate/profile.ts");
  const points = [...imported.flatMap((i) => i.points), ...storage.points];
  const profile = profileOf({ measurements, points, engine, base }, {
    ...machineFacts(options.directory),
    pcie: readPciePaths(),
    name: options.output.replace(/^.*\//, "").replace(/\.json$/, ""),
    asOf,
  });
  const { writeFileAtomically } = await import("../../runtime/write_file.ts");
  writeFileAtomically(options.output, JSON.stringify(profile, null, 2) + "\n");
  const document = {
    schema: "spillway/calibrate/1",
    file: options.output,
    noiseRatio,
    seconds: (performance.now() - started) / 1000,
    measurements,
    notes: [
      ...imported.map((i) => i.what),
      ...(gpu.reason === null || importsLinks
        ? []
        : [`GPU links were not measured: ${gpu.reason}`]),
      ...(points.length === 0 ? [] : [
        `${counted(points.length, "storage point is", "storage points are")} in the profile`,
      ]),
    ],
    profile,
  };
  await out.emit(document, () => render(document, out));
}

function render(
  document: { measurements: readonly Measurement[]; notes: readonly string[]; file: string },
  out: Output,
): string {
  const right = (title: string) => ({ title, align: "right" as const });
  const table = renderTable(
    [{ title: "measured" }, right("median"), right("low"), right("high"), right("repeats")],
    document.measurements.map((m) => [
      m.id.replace(/_(bytes_per_second|seconds|iops|flops)$/, "").replaceAll("_", " "),
      ...[m.value, m.low, m.high].map((v) =>
        m.id.endsWith("_flops") ? `${formatNumber(v / 1e9)} GFLOP/s` : formatInUnit(v, m.unit)
      ),
      String(m.repeats),
    ]),
    out.width,
    out.style.bold,
  );
  const notes = document.notes.flatMap((n) => wrapText(`- ${n}`, out.width)).join("\n");
  return `${table}\n${notes === "" ? "" : `${notes}\n`}` +
    `Evidence: measured, ${
      document.notes.some((n) => n.startsWith("imported ")) ? "here or where stated" : "here"
    }. Use it: spillway replay offload … --hardware ${document.file}\n`;
}

export const command: CommandModule = {
  name: "calibrate",
  summary: "measure this machine into a hardware profile",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Measures memory, processor, storage and (with nvbandwidth) GPU links of this machine into a " +
          "hardware profile that every replay can use; each number with its spread over repeats, method " +
          "and date. Storage is measured with fio where it is installed. About a minute and a half.",
      )
      .type("size", ({ value, name }) => parseBytes(value, name))
      .type("duration", ({ value, name }) => parseSeconds(value, name))
      .option("-o, --output <file:file>", "The profile to write.", { default: "this-machine.json" })
      .option("--directory <folder:file>", "Folder on the storage to measure.", { default: "." })
      .option("--size <bytes:size>", "Size of the test file.", { default: 2 ** 30 })
      .option("--seconds <time:duration>", "Length of each measurement.", { default: 1 })
      .option("--repeats <n:integer>", "Repeats of each measurement.", { default: 3 })
      .option("--force", "Measure even when the machine is noisy.")
      .option("--no-fio", "Use our own reader and writer even where fio is installed.")
      .option("--no-storage", "Leave storage out.")
      .option(
        "--import <file:file>",
        "Output of nvbandwidth, gdsio, nixlbench or fio, in place of measuring.",
        { collect: true },
      )
      .option("--gpu <profile:string>", "Take the GPU over from this hardware profile.")
      .option("--engine <model:string>", "Also measure the LLM engine: 29m-mha, 110m-gqa, a GGUF.")
      .option("--threads <n:integer>", "CPU threads of that engine.", { default: 1 })
      .example(
        "Measure the drive under /data",
        "spillway calibrate --directory /data -o node7.json",
      )
      .example(
        "A GPU server's links from a file, its GPU from the tables",
        "spillway calibrate --import nvbandwidth.json --gpu a100_sxm -o node7.json",
      )
      .example("The LLM engine too", "spillway calibrate --engine 110m-mha")
      .action((options: Options) => run(options)),
};
