import { z } from "zod";
import { statfsSync } from "node:fs";
import type { Json } from "../../model/json.ts";
import { bytesParam, rateParam } from "../../model/params.ts";
import type { Traffic } from "../../model/traffic.ts";
import { formatBytes, formatNumber, formatRate, formatRatio } from "../../model/units.ts";
import { throttleReads } from "../../runtime/io_throttle.ts";
import { ownPid } from "../../runtime/host.ts";
import { writeFileAtomically } from "../../runtime/write_file.ts";
import { calibrateTraffic, calibrationSizes } from "../kv/calibrate_traffic.ts";
import {
  type ExecutedTraffic,
  type ExecuteOptions,
  executeTraffic,
} from "../kv/execute_traffic.ts";
import { fioIolog } from "../kv/iolog.ts";
import { lruTraffic } from "../kv/lru_traffic.ts";
import { trafficClaims } from "../kv/traffic_claims.ts";
import { quantityOf } from "../quantities.ts";
import type { Workload, WorkloadContext, WorkloadPrediction, WorkloadResult } from "../workload.ts";

const params = z.strictObject({
  blockBytes: bytesParam().nullable().default(null)
    .describe("bytes a block is moved with; null: the replay's, or 1 MiB without a trace"),
  direct: z.boolean().default(true).describe("past the page cache (O_DIRECT), reads and writes"),
  syncEvery: z.number().int().nonnegative().default(64)
    .describe("writes between fsyncs; 1 each, 0 only the last"),
  concurrency: z.number().int().min(1).max(256).default(1).describe("operations in flight"),
  speed: z.number().nonnegative().default(0)
    .describe("0 as fast as possible, 1 at the replay's times, 10 ten times as fast"),
  readBandwidth: rateParam().nullable().default(null)
    .describe("limits reads of the drive (needs root); null: not limited"),
  repeats: z.number().int().min(1).max(100).default(1).describe("times the traffic is executed"),
  iolog: z.string().nullable().default(null).describe("also writes the traffic as this fio iolog"),
  memoryBlocks: z.number().int().positive().default(256)
    .describe("without a trace: blocks that memory holds"),
  distinctBlocks: z.number().int().positive().default(2048)
    .describe("without a trace: different blocks"),
  references: z.number().int().positive().default(20_000)
    .describe("without a trace: block references"),
});

type Params = z.infer<typeof params>;

const GENERATED_BLOCK_BYTES = 2 ** 20;

/** The traffic to execute, and the size its blocks are moved with. */
function trafficOf(params: Params, context: WorkloadContext): [Traffic, number] {
  const traffic = context.traffic ??
    lruTraffic({ ...params, blockBytes: GENERATED_BLOCK_BYTES, seed: context.seed });
  return [traffic, params.blockBytes ?? traffic.blockBytes];
}

/** How the parameters execute traffic here. */
export function optionsOf(
  params: Params,
  context: WorkloadContext,
): Omit<ExecuteOptions, "blockBytes"> {
  const { bavail, bsize } = statfsSync(context.directory);
  return {
    ...params,
    directory: context.directory,
    freeBytes: bavail * bsize,
    signal: context.signal,
    progress: (done, total) => context.progress(done, total, "block operations"),
    now: () => performance.now(),
  };
}

async function run(params: Params, context: WorkloadContext): Promise<WorkloadResult> {
  const [traffic, blockBytes] = trafficOf(params, context);
  if (params.iolog !== null) {
    const lines = [...fioIolog(traffic, blockBytes, params.speed > 0, (tier) => `${tier}.blocks`)];
    writeFileAtomically(params.iolog, lines.join("\n") + "\n");
  }
  const throttle = params.readBandwidth === null
    ? null
    : throttleReads(ownPid(), context.directory);
  throttle?.set(params.readBandwidth!);
  const executed: ExecutedTraffic[] = [];
  try {
    for (let repeat = 0; repeat < params.repeats; repeat++) {
      context.mark(`kv-${repeat}`);
      executed.push(await executeTraffic(traffic, { ...optionsOf(params, context), blockBytes }));
    }
  } finally {
    throttle?.release();
  }
  return resultOf(executed, traffic, blockBytes, [
    ...(throttle === null
      ? []
      : [`reads limited to ${formatRate(params.readBandwidth!)}: ${throttle.method}`]),
    ...(params.iolog === null ? [] : [`the same traffic for fio: ${params.iolog}`]),
  ]);
}

async function predict(params: Params, context: WorkloadContext): Promise<WorkloadPrediction> {
  const [traffic, blockBytes] = trafficOf(params, context);
  const sizes = calibrationSizes([blockBytes]);
  const laws = await calibrateTraffic(sizes, optionsOf(params, context), context.seed);
  return {
    claims: trafficClaims(traffic, laws, { ...params, blockBytes }),
    inputs: {
      blockBytes,
      calibrationBlockBytes: sizes,
      laws: laws as unknown as Json,
    },
  };
}

function resultOf(
  executed: readonly ExecutedTraffic[],
  traffic: Traffic,
  blockBytes: number,
  notes: readonly string[],
): WorkloadResult {
  const last = executed.at(-1)!;
  const names = last.phases.map((p) => p.name);
  const of = (name: string, pick: (p: WorkloadResult["phases"][number]) => number) =>
    quantityOf(executed.map((e) => pick(e.phases.find((p) => p.name === name)!)));
  const reads = traffic.tiers.map((tier) => ({
    tier,
    blocks: last.phases.find((p) => p.name === `${tier}-read`)?.operations ?? 0,
  }));
  const found = traffic.gpuHitBlocks + reads.reduce((sum, r) => sum + r.blocks, 0);
  const share = (blocks: number) =>
    `${formatNumber(blocks)} (${formatRatio(blocks / Math.max(1, found + traffic.missBlocks))})`;
  return {
    phases: last.phases,
    verifiedBytes: executed.reduce((sum, e) => sum + e.verifiedBytes, 0),
    quantities: {
      ...Object.fromEntries(names.flatMap((name) => [
        [`${name} seconds`, of(name, (p) => p.seconds)],
        [`${name} operations`, of(name, (p) => p.operations)],
        ...(name.endsWith("-fsync")
          ? []
          : [[`${name} bytes`, of(name, (p) => p.bytesRead + p.bytesWritten)] as const]),
      ])),
      wall_seconds: quantityOf(executed.map((e) => e.wallSeconds)),
    },
    notes: [
      `block references: ${share(traffic.gpuHitBlocks)} hit GPU memory, ` +
      reads.map((r) => `${share(r.blocks)} hit ${r.tier}, `).join("") +
      `${share(traffic.missBlocks)} missed`,
      blockBytes === traffic.blockBytes
        ? `blocks of ${formatBytes(blockBytes)}`
        : `blocks of ${formatBytes(blockBytes)} instead of the replay's ${
          formatBytes(traffic.blockBytes)
        }`,
      last.direct ? "files past the page cache (O_DIRECT)" : "files through the page cache",
      ...notes,
    ],
  };
}

export const workload: Workload<Params> = {
  name: "kv",
  summary:
    "executes the KV block traffic of a replay between memory and files, every byte verified",
  params,
  // The executor checks the room for what the traffic really holds at once.
  diskBytes: (p) => p.references > 0 ? 2 ** 20 : 0,
  predict,
  run,
};
