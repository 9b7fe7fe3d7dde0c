import { Command } from "@cliffy/command";
import { z } from "zod";
import { dataError } from "../../../model/errors.ts";
import { FAULT_KINDS, type FaultColumns } from "../../../model/trace/faults.ts";
import type { Trace } from "../../../model/trace/trace.ts";
import { formatRatio, formatSeconds, parseSeconds } from "../../../model/units.ts";
import type { FailureFit } from "../../../stats/fit_failures.ts";
import type { CommandModule } from "../../command_module.ts";
import type { ExponentialError } from "../../fault/exponential_error.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { safeText } from "../../sanitize.ts";
import { wrapText } from "../../wrap.ts";

interface Options extends GlobalOptions {
  readonly format?: string;
  readonly checkpoint: number;
  readonly restart: number;
}

const law = { ksDistance: z.number(), ksProbability: z.number() };

const output = z.strictObject({
  schema: z.literal("spillway/fault-fit/1"),
  trace: z.string(),
  fit: z.strictObject({
    failures: z.number(),
    spanSeconds: z.number(),
    nodes: z.number(),
    mtbfSeconds: z.number(),
    gapVariation: z.number(),
    zeroGaps: z.number(),
    largestBurst: z.number(),
    exponential: z.strictObject(law),
    weibull: z.strictObject({ scale: z.number(), shape: z.number(), mean: z.number(), ...law })
      .nullable(),
    lemonShare: z.number().nullable(),
    repair: z.strictObject({
      meanSeconds: z.number(),
      medianSeconds: z.number(),
      p90Seconds: z.number(),
      sigma: z.number(),
    }).nullable(),
  }),
  daly: z.strictObject({
    checkpointSeconds: z.number(),
    restartSeconds: z.number(),
    dalySeconds: z.number(),
    promisedGoodput: z.number(),
    replayedGoodput: z.number(),
    bestSeconds: z.number(),
    bestGoodput: z.number(),
  }),
  generator: z.string(),
});

const ADDED = FAULT_KINDS.indexOf("node_added");

/** The failures of a trace in one batch, arrivals left out. */
async function failuresOf(trace: Trace<"faults">): Promise<FaultColumns> {
  const rows: { at: number; kind: number; node: number; down: number }[] = [];
  for await (const b of trace.batches()) {
    for (let i = 0; i < b.count; i++) {
      if (b.faultKind[i] === ADDED) continue;
      rows.push({
        at: b.startSeconds[i],
        kind: b.faultKind[i],
        node: b.node[i],
        down: b.downSeconds[i],
      });
    }
  }
  return {
    kind: "faults",
    count: rows.length,
    startSeconds: Float64Array.from(rows, (r) => r.at),
    faultKind: Uint8Array.from(rows, (r) => r.kind),
    node: Int32Array.from(rows, (r) => r.node),
    downSeconds: Float64Array.from(rows, (r) => r.down),
  };
}

/** The generator of `replay fault` and `generate` that resembles the trace most. */
function generatorOf(fit: FailureFit): string {
  // Failures of one instant are one event of the generator, which takes further nodes along.
  const instants = fit.failures - fit.zeroGaps;
  const parts = [
    `mtbf=${Math.round(fit.spanSeconds / instants)}s`,
    `span=${Math.round(fit.spanSeconds)}s`,
    `nodes=${Math.max(1, fit.nodes)}`,
  ];
  if (fit.weibull !== null) {
    parts.push(`shape=${Math.min(5, Math.max(0.3, fit.weibull.shape)).toFixed(3)}`);
  }
  if (fit.zeroGaps > 0) parts.push(`bursts=${Math.min(1, fit.zeroGaps / instants).toFixed(3)}`);
  if (fit.lemonShare !== null && fit.lemonShare > 0.15 && fit.lemonShare < 1) {
    // A tenth of the nodes has this share of the failures: so much more often does one of them fail.
    parts.push(
      "lemons=0.1",
      `lemonFactor=${(9 * fit.lemonShare / (1 - fit.lemonShare)).toFixed(2)}`,
    );
  }
  if (fit.repair !== null) {
    parts.push(
      `down=${Math.round(fit.repair.meanSeconds)}s`,
      `sigma=${fit.repair.sigma.toFixed(2)}`,
    );
  }
  return `weibull:${parts.join(",")}`;
}

function render(
  name: string,
  f: FailureFit,
  e: ExponentialError,
  generator: string,
  width: number,
): string {
  const chance = (p: number): string => p < 0.001 ? "< 0.1 %" : formatRatio(p);
  const lines = [
    `${safeText(name)}: ${f.failures} failures of ${f.nodes} nodes over ${
      formatSeconds(f.spanSeconds)
    }`,
    "",
    `mean time between failures ${formatSeconds(f.mtbfSeconds)}; gaps vary ${
      f.gapVariation.toFixed(2)
    } times their mean (1 if exponential)`,
    `bursts: ${f.zeroGaps} failures at the same instant as another, up to ${f.largestBurst} at once`,
    `exponential: largest distance ${f.exponential.ksDistance.toFixed(3)}; chance of that under ` +
    `the law ${chance(f.exponential.ksProbability)}`,
    ...(f.weibull === null ? [] : [
      `Weibull (gaps above 0): shape ${f.weibull.shape.toFixed(3)}, scale ${
        formatSeconds(f.weibull.scale)
      }; distance ${f.weibull.ksDistance.toFixed(3)}, chance ${chance(f.weibull.ksProbability)}`,
    ]),
    ...(f.lemonShare === null ? [] : [
      `the worst tenth of the failing nodes has ${formatRatio(f.lemonShare)} of the failures`,
    ]),
    ...(f.repair === null ? ["down times: unknown"] : [
      `down times: mean ${formatSeconds(f.repair.meanSeconds)}, median ${
        formatSeconds(f.repair.medianSeconds)
      }, 90th percentile ${formatSeconds(f.repair.p90Seconds)}`,
    ]),
    "",
    `Daly for this rate: a checkpoint every ${formatSeconds(e.dalySeconds)} promises ${
      formatRatio(e.promisedGoodput)
    }, gives ${formatRatio(e.replayedGoodput)} on the trace itself; best there is every ${
      formatSeconds(e.bestSeconds)
    } with ${formatRatio(e.bestGoodput)}.`,
    "",
    `replay fault "${generator}" --seeds 100`,
  ];
  return lines.flatMap((line) => wrapText(line, width)).join("\n") + "\n";
}

async function run(options: Options, argument: string): Promise<void> {
  const out = openOutput(options);
  const { loadTrace } = await import("../../load_trace.ts");
  const loaded = await loadTrace(argument, {
    storePath: out.setting("store").value!,
    format: options.format,
    kind: "faults",
  });
  try {
    const trace = loaded as unknown as Trace<"faults">;
    const columns = await failuresOf(trace);
    const span = trace.meta.spanSeconds ?? columns.startSeconds.at(-1) ?? 0;
    if (columns.count < 3 || !(span > 0)) {
      throw dataError(`${trace.name}: ${columns.count} failures are too few to fit a law to`);
    }
    const { fitFailures } = await import("../../../stats/fit_failures.ts");
    const { exponentialError } = await import("../../fault/exponential_error.ts");
    const fit = fitFailures(columns.startSeconds, columns.node, columns.downSeconds, span);
    const daly = exponentialError(columns, span, options.checkpoint, options.restart);
    const generator = generatorOf(fit);
    const document = {
      schema: "spillway/fault-fit/1",
      trace: trace.name,
      fit: { ...fit },
      daly: { ...daly },
      generator,
    };
    // deno-lint-ignore no-explicit-any
    await out.emit(document as any, () => render(trace.name, fit, daly, generator, out.width));
  } finally {
    await loaded.close();
  }
}

export const command: CommandModule = {
  name: "fault fit",
  summary: "fit laws to a failure trace and say how bad the fit is",
  output: () => output,
  build: () =>
    new Command()
      .arguments("<trace:string>")
      .description(
        "Fits exponential and Weibull laws to the times between failures, measures bursts, lemon nodes and " +
          "repairs, and replays the trace at Daly's interval to show how far the law misleads.",
      )
      .type("duration", ({ value, name }) => parseSeconds(value, name))
      .option("--checkpoint <time:duration>", "Blocking time of a checkpoint.", { default: 60 })
      .option("--restart <time:duration>", "Detection to training again.", { default: 300 })
      .option("--format <name:string>", "Format of the trace file, when detection fails.")
      .example("A real trace", "spillway fault fit faults.csv")
      .action((options: Options, argument: string) => run(options, argument)),
};
