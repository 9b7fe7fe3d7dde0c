import { Command } from "@cliffy/command";
import { dataError, usageError } from "../../../model/errors.ts";
import { type FaultColumns, faultKindIndex } from "../../../model/trace/faults.ts";
import type { Trace } from "../../../model/trace/trace.ts";
import { parseSeconds } from "../../../model/units.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";

interface Options extends GlobalOptions {
  readonly format?: string;
  readonly checkpoint?: string;
  readonly restart: number;
  readonly nodes?: string;
  readonly clusterNodes?: number;
}

const ADDED = faultKindIndex("node_added");
const PLANNED = faultKindIndex("planned");
const STRAGGLER = faultKindIndex("straggler");

/** The failures of a trace in one batch: arrivals, planned stops and slow nodes stop nothing by surprise. */
async function failuresOf(trace: Trace<"faults">): Promise<FaultColumns> {
  const rows: { at: number; kind: number; node: number; down: number }[] = [];
  for await (const b of trace.batches()) {
    for (let i = 0; i < b.count; i++) {
      if ([ADDED, PLANNED, STRAGGLER].includes(b.faultKind[i])) continue;
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

/** Blocking times of `--checkpoint`: one or several. */
function checkpointsOf(text: string): number[] {
  const times = text.split(",").map((word) => parseSeconds(word.trim(), "--checkpoint"));
  for (const seconds of times) {
    if (!(seconds > 0)) throw usageError(`--checkpoint: ${seconds} must be above 0`);
  }
  return times;
}

async function run(options: Options, argument: string): Promise<void> {
  const out = openOutput(options);
  const checkpoints = checkpointsOf(options.checkpoint ?? "10s,1min,10min");
  const { loadTrace } = await import("../../load_trace.ts");
  const loaded = await loadTrace(argument, {
    storePath: out.setting("store").value!,
    format: options.format,
    kind: "faults",
  });
  try {
    const { onlyNodes } = await import("../../fault/node_filter.ts");
    const trace = await onlyNodes(loaded as unknown as Trace<"faults">, options.nodes);
    const columns = await failuresOf(trace);
    const span = trace.meta.spanSeconds ?? columns.startSeconds.at(-1) ?? 0;
    if (columns.count < 3 || !(span > 0)) {
      throw dataError(`${trace.name}: ${columns.count} failures are too few to fit a law to`);
    }
    const { fitFailures } = await import("../../../stats/fit_failures.ts");
    const { exponentialError } = await import("../../fault/exponential_error.ts");
    const { generatorOf, renderFit } = await import("../../fault/fit_document.ts");
    const fit = fitFailures(
      columns.startSeconds,
      columns.node,
      columns.downSeconds,
      span,
      options.clusterNodes ?? trace.meta.nodeCount ?? undefined,
    );
    const errors = checkpoints.map((c) => exponentialError(columns, span, c, options.restart));
    const generator = generatorOf(fit);
    const document = {
      schema: "spillway/fault-fit/1",
      trace: trace.name,
      fit: { ...fit },
      daly: { ...errors[0] },
      checkpoints: errors.map((e) => ({ ...e })),
      generator,
    };
    // deno-lint-ignore no-explicit-any
    await out.emit(document as any, () => renderFit(trace.name, fit, errors, generator, out.width));
  } finally {
    await loaded.close();
  }
}

export const command: CommandModule = {
  name: "fault fit",
  summary: "fit laws to a failure trace and say how bad the fit is",
  output: async () => (await import("../../fault/fit_document.ts")).fitOutput,
  build: () =>
    new Command()
      .arguments("<trace:string>")
      .description(
        "Fits exponential and Weibull laws to the times between failures, measures bursts, lemon nodes and " +
          "repairs, and replays the trace at Daly's interval to show how far the law misleads: on average, " +
          "in the choice of the interval, and in the worst week.",
      )
      .type("duration", ({ value, name }) => parseSeconds(value, name))
      .option(
        "--checkpoint <times:string>",
        "Blocking times of a checkpoint (default: 10s,1min,10min).",
      )
      .option("--restart <time:duration>", "Detection to training again.", { default: 300 })
      .option("--nodes <pattern:string>", "Only failures of nodes named so: 20/* or gpu0?.")
      .option(
        "--cluster-nodes <n:integer>",
        "Nodes of the cluster, those that never failed included.",
      )
      .option("--format <name:string>", "Format of the trace file, when detection fails.")
      .example("A real trace", "spillway fault fit faults.csv")
      .example("One system of a file with several", 'spillway fault fit lanl.csv.gz --nodes "20/*"')
      .action((options: Options, argument: string) => run(options, argument)),
};
