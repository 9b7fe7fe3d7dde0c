import { counted } from "../../../model/plural.ts";
import { Command } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../../model/errors.ts";
import { formatSeconds, parseSeconds } from "../../../model/units.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { safeText } from "../../sanitize.ts";
import { shellQuote } from "../../shell_quote.ts";

interface Options extends GlobalOptions {
  readonly output: string;
  readonly seed?: number;
  readonly nodes: number;
  readonly span: number;
  readonly mtbf: number;
  readonly shape: number;
  readonly down: number;
}

/** What a word such as `lemon:mtbf=3h` describes, or what the options do. */
async function paramsOf(options: Options, argument: string | undefined) {
  if (argument === undefined) {
    return {
      nodes: options.nodes,
      spanSeconds: options.span,
      mtbfSeconds: options.mtbf,
      shape: options.shape,
      meanDownSeconds: options.down,
    };
  }
  const { parseGenerator } = await import("../../fault/generator_spec.ts");
  const spec = parseGenerator(argument);
  if (spec === null) {
    throw usageError(
      `generate faults: "${argument}" is no generator`,
      "write exponential:, weibull:, lemon:, bursts:, correlated: or heavy-tail: and key=value,…",
    );
  }
  return spec;
}

const output = z.strictObject({
  schema: z.literal("spillway/generate/1"),
  file: z.string(),
  seed: z.number(),
  faults: z.number(),
  spanSeconds: z.number(),
});

async function run(options: Options, argument?: string): Promise<void> {
  const out = openOutput(options);
  if (options.shape < 0.3 || options.shape > 5) {
    throw usageError(`--shape: ${options.shape} must be from 0.3 to 5 (1 is exponential)`);
  }
  const { faultCsv, generateFaults } = await import("../../../generate/faults.ts");
  const seed = Number(out.setting("seed", options.seed).value);
  const params = await paramsOf(options, argument);
  const faults = generateFaults({ ...params, seed });
  const { writeFileAtomically } = await import("../../../runtime/write_file.ts");
  writeFileAtomically(options.output, faultCsv(faults));
  const document = {
    schema: "spillway/generate/1",
    file: options.output,
    seed,
    faults: faults.length,
    spanSeconds: params.spanSeconds,
  };
  await out.emit(
    document,
    () =>
      `wrote ${safeText(document.file)}: ${counted(faults.length, "failure")} over ` +
      `${formatSeconds(params.spanSeconds)} (seed ${seed})\n` +
      `  next: spillway replay fault ${shellQuote(document.file)}\n`,
  );
}

export const command: CommandModule = {
  name: "generate faults",
  summary: "write a seeded trace of node failures",
  output: () => output,
  build: () =>
    new Command()
      .arguments("[generator:string]")
      .description(
        "Writes a trace of node failures as CSV: times between failures follow a Weibull law, repairs an " +
          "exponential one; or as a generator of replay fault says (lemon nodes, bursts, groups that fail " +
          "together, heavy-tailed repairs; fault fit prints the one that resembles a trace). The same seed " +
          "gives the same bytes.",
      )
      .type("duration", ({ value, name }) => parseSeconds(value, name))
      .option("-o, --output <file:file>", "File to write.", { default: "faults.csv" })
      .option("--seed <n:integer>", "Seed (default: the setting, 1).")
      .option("--nodes <n:integer>", "Nodes of the cluster.", { default: 128 })
      .option("--span <time:duration>", "Length of the trace.", { default: 60 * 86400 })
      .option("--mtbf <time:duration>", "Mean time between failures.", { default: 8 * 3600 })
      .option("--shape <k:number>", "Weibull shape; below 1 failures come in bursts.", {
        default: 1,
      })
      .option("--down <time:duration>", "Mean time until a node is back.", { default: 3600 })
      .example(
        "Two months of bursty failures",
        "spillway generate faults --shape 0.7 -o faults.csv",
      )
      .example(
        "Racks of eight that fail together",
        'spillway generate faults "correlated:nodes=128,mtbf=8h,group=8,groupShare=0.2" -o faults.csv',
      )
      .action((options: Options, argument?: string) => run(options, argument)),
};
