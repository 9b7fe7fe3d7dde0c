import { Command } from "@cliffy/command";
import { z } from "zod";
import { usageError } from "../../../model/errors.ts";
import {
  formatBytes,
  formatRatio,
  formatSeconds,
  parseBytes,
  parseRate,
  parseSeconds,
} from "../../../model/units.ts";
import { POLICIES } from "../../../registry/policies.ts";
import type { CommandModule } from "../../command_module.ts";
import { type GlobalOptions, openOutput } from "../../output.ts";
import { createProgress } from "../../progress.ts";
import { renderTable } from "../../table.ts";
import { wrapText } from "../../wrap.ts";

interface Options extends GlobalOptions {
  readonly gpus: number;
  readonly gpusPerNode: number;
  readonly rate: number;
  readonly mtbf?: number;
  readonly bytes: number;
  readonly write: number;
  readonly read: number;
  readonly iteration: number;
  readonly restart: number;
  readonly hot: number;
  readonly repair: number;
  readonly usd: number;
  readonly seeds: number;
  readonly seed?: number;
}

const optionSchema = z.strictObject({
  policy: z.string(),
  intervalSeconds: z.number().nullable(),
  goodput: z.number(),
  low: z.number(),
  high: z.number(),
  dramBytes: z.number(),
  spareNodes: z.number(),
  usdPerDay: z.number(),
});

const output = z.strictObject({
  schema: z.literal("spillway/fault-plan/1"),
  nodes: z.number(),
  mtbfSeconds: z.number(),
  blockSeconds: z.number(),
  spares: z.number(),
  stallShare: z.number(),
  usdPerDayOfOnePercent: z.number(),
  options: z.array(optionSchema),
});

type PlanRow = z.infer<typeof optionSchema>;

/** Policies that are compared, and whether idle spares wait for them. */
const COMPARED: readonly (readonly [policy: string, spares: boolean])[] = [
  ["periodic-sync", false],
  ["periodic-sync", true],
  ["periodic-async", false],
  ["periodic-async", true],
  ["two-level", true],
  ["gemini", true],
  ["just-in-time", true],
  ["nvme-drain", true],
  ["oobleck", false],
  ["recycle", false],
];

/** Policies whose job goes on with the nodes that are left: not every framework can. */
const ELASTIC: readonly string[] = ["oobleck", "recycle"];

const DAYS = 30;

function check(options: Options): void {
  for (const key of ["gpus", "gpusPerNode", "seeds"] as const) {
    if (!(options[key] >= 1)) throw usageError(`--${key}: ${options[key]} must be 1 or more`);
  }
  for (const key of ["rate", "bytes", "write", "read", "iteration", "repair"] as const) {
    if (!(options[key] > 0)) throw usageError(`--${key}: ${options[key]} must be above 0`);
  }
}

async function run(options: Options): Promise<void> {
  const out = openOutput(options);
  check(options);
  const { runSeeds } = await import("../../../search/monte_carlo.ts");
  const { LLAMA3_KINDS } = await import("../../../stats/failure_process.ts");
  const { stallShare } = await import("../../../replay/fault/forms/spares.ts");
  const nodes = Math.ceil(options.gpus / options.gpusPerNode);
  const mtbf = options.mtbf ?? 86_400 / (nodes * options.rate);
  const block = options.bytes / options.write;
  // Nodes that are down at once, on average; spares until the job stalls less than one second in 10,000.
  const load = options.repair / mtbf;
  let spares = 0;
  while (stallShare(spares, load) > 1e-4 && spares < 10 * nodes) spares++;
  const set = {
    useful: DAYS * 86_400,
    iteration: options.iteration,
    gpus: options.gpus,
    gpusPerNode: options.gpusPerNode,
    bytes: options.bytes,
    writeBandwidth: options.write,
    readBandwidth: options.read,
    restart: options.restart,
    detect: "by-kind",
    mtbf,
    interval: "exact",
    spares,
    hot: options.hot,
    checkpoint: undefined as number | undefined,
    persist: block,
    remoteBlock: 0,
    block,
    // What bubbles absorb at best is no plan to rely on.
    schedule: "naive",
  };
  const seed = Number(out.setting("seed", options.seed).value);
  const progress = createProgress("fault plan", out);
  const rows: PlanRow[] = [];
  for (const [i, [name, withSpares]] of COMPARED.entries()) {
    const policy = await POLICIES.find((p) => p.family === "fault" && p.name === name)!.load();
    const shape = (policy.params as unknown as z.ZodObject).shape;
    const own: Record<string, unknown> = Object.fromEntries(
      Object.entries(set).filter(([key, value]) => key in shape && value !== undefined),
    );
    own.spares = withSpares ? spares : null;
    // Low-frequency saves of the policies that seldom need one.
    if (typeof shape.interval?.safeParse(undefined).data === "number") delete own.interval;
    const summaries = await runSeeds({
      policy: name,
      params: policy.params.parse(own),
      generator: {
        // Spares that wait do not fail (as in F16).
        nodes,
        spanSeconds: 3 * DAYS * 86_400,
        mtbfSeconds: mtbf,
        shape: 1,
        meanDownSeconds: options.repair,
        kindShares: LLAMA3_KINDS,
      },
      metrics: [
        "goodput_ratio",
        "checkpoint_interval_seconds",
        "dram_held_bytes",
        "spare_nodes",
        "wasted_gpu_seconds",
        "wall_seconds",
      ],
      seeds: options.seeds,
      firstSeed: seed,
    });
    const mean = (id: string): number => summaries.get(id)!.mean;
    const goodput = summaries.get("goodput_ratio")!;
    const interval = mean("checkpoint_interval_seconds");
    rows.push({
      policy: withSpares ? `${name}+spares` : name,
      intervalSeconds: Number.isFinite(interval) ? interval : null,
      goodput: goodput.mean,
      low: goodput.low,
      high: goodput.high,
      dramBytes: mean("dram_held_bytes") || 0,
      spareNodes: mean("spare_nodes") || 0,
      usdPerDay: mean("wasted_gpu_seconds") / 3600 * options.usd / (mean("wall_seconds") / 86_400),
    });
    progress.update(i + 1, COMPARED.length);
  }
  progress.end();
  rows.sort((a, b) => a.usdPerDay - b.usdPerDay);
  const document = {
    schema: "spillway/fault-plan/1",
    nodes,
    mtbfSeconds: mtbf,
    blockSeconds: block,
    spares,
    stallShare: stallShare(spares, load),
    usdPerDayOfOnePercent: options.gpus * 24 * options.usd * 0.01,
    options: rows,
  };
  await out.emit(document, () => render(document, out.width));
}

function render(d: {
  nodes: number;
  mtbfSeconds: number;
  blockSeconds: number;
  spares: number;
  stallShare: number;
  usdPerDayOfOnePercent: number;
  options: readonly PlanRow[];
}, width: number): string {
  const best = d.options[0];
  const usd = (value: number): string => `${Math.round(value).toLocaleString("en-US")} USD`;
  const head = [
    `${d.nodes} nodes: a failure every ${formatSeconds(d.mtbfSeconds)}; a checkpoint takes ${
      formatSeconds(d.blockSeconds)
    } to write.`,
    `${d.spares} spare nodes keep the job from stalling more than ${
      formatRatio(d.stallShare)
    } of the time (Erlang-B).`,
    `One percent of goodput costs ${usd(d.usdPerDayOfOnePercent)} a day.`,
  ].flatMap((line) => wrapText(line, width)).join("\n");
  const table = renderTable(
    ["policy", "goodput", "5th", "interval", "spares", "waste a day"].map((title, i) => ({
      title,
      align: i === 0 ? "left" as const : "right" as const,
      flexible: i === 0,
    })),
    d.options.map((o) => [
      o.policy,
      formatRatio(o.goodput),
      formatRatio(o.low),
      o.intervalSeconds === null ? "-" : formatSeconds(o.intervalSeconds),
      o.spareNodes === 0 ? "-" : String(o.spareNodes),
      usd(o.usdPerDay),
    ]),
    width,
  );
  const plain = d.options.find((o) => !ELASTIC.includes(o.policy))!;
  const memory = best.dramBytes > 0 ? ` and ${formatBytes(best.dramBytes)} of DRAM in all` : "";
  return `${head}\n\n${table}\n${
    wrapText(
      `Take ${best.policy}${
        best.intervalSeconds === null
          ? ""
          : `, a checkpoint every ${formatSeconds(best.intervalSeconds)}`
      }${memory}: it wastes least, spares and lost capacity counted. ` +
        (plain === best
          ? ""
          : `It needs training that goes on with fewer nodes; without that take ${plain.policy}. `) +
        "Failures are modelled as exponential with Llama 3's mix of kinds; replay a trace of your own " +
        "with replay fault.",
      width,
    ).join("\n")
  }\n`;
}

export const command: CommandModule = {
  name: "fault plan",
  summary:
    "which fault-tolerance policy, which interval, how many spares, and what a percent costs",
  output: () => output,
  build: () =>
    new Command()
      .description(
        "Compares fault-tolerance policies for a cluster by seeded replays: goodput, waste in dollars, " +
          "best interval and number of spare nodes.",
      )
      .type("duration", ({ value, name }) => parseSeconds(value, name))
      .type("size", ({ value, name }) => parseBytes(value, name))
      .type("rate", ({ value, name }) => parseRate(value, name))
      .option("--gpus <n:integer>", "GPUs of the job.", { default: 16_384 })
      .option("--gpus-per-node <n:integer>", "GPUs of a node.", { default: 8 })
      .option("--rate <n:number>", "Failures per node and day (Meta RSC-1: 0.0065).", {
        default: 0.0065,
      })
      .option("--mtbf <time:duration>", "Mean time between failures of the job; wins over --rate.")
      .option("--bytes <size:size>", "Bytes of a checkpoint of the whole job.", {
        default: 5.68e12,
      })
      .option("--write <rate:rate>", "Write bandwidth of the checkpoint store.", { default: 2e12 })
      .option("--read <rate:rate>", "Read bandwidth of the checkpoint store.", { default: 2e12 })
      .option("--iteration <time:duration>", "Time of an iteration.", { default: 10 })
      .option("--restart <time:duration>", "Restart through the queue.", { default: 768 })
      .option("--hot <time:duration>", "Restart with a hot spare.", { default: 65 })
      .option("--repair <time:duration>", "Mean time until a node is back.", { default: 86_400 })
      .option("--usd <n:number>", "Price of a GPU-hour.", { default: 2 })
      .option("--seeds <n:integer>", "Seeds per policy.", { default: 20 })
      .option("--seed <n:integer>", "First seed.")
      .example("A small cluster", "spillway fault plan --gpus 1024 --bytes 1TB --write 20GB/s")
      .action((options: Options) => run(options)),
};
