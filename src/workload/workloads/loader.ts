import { join } from "node:path";
import { z } from "zod";
import type { Claim } from "../../model/prediction.ts";
import { bytesParam } from "../../model/params.ts";
import { formatRatio, formatSeconds } from "../../model/units.ts";
import { pageAlignedBytes } from "../kv/block_file.ts";
import { fitReads, modelledSeconds, type ReadCost, type ReadModel } from "../loader/read_model.ts";
import {
  ALIGNMENT,
  openSamples,
  type SamplePiece,
  verifySample,
  writeSamples,
} from "../loader/sample_file.ts";
import { phaseOf, quantityOf } from "../quantities.ts";
import { seededUniform } from "../seeded.ts";
import type { Workload, WorkloadContext, WorkloadResult } from "../workload.ts";

const params = z.strictObject({
  samples: z.number().int().min(8).max(100_000).default(256).describe("samples of the data set"),
  bytes: bytesParam().default(2 ** 20).describe("mean size of a sample"),
  spread: z.number().min(0).max(0.9).default(0.5).describe(
    "sizes are uniform within mean x (1 ± spread)",
  ),
  perShard: z.number().int().min(2).default(32).describe("samples packed into a shard"),
  requestBytes: bytesParam().default(2 ** 20).describe("largest single read"),
  epochs: z.number().int().min(1).max(50).default(3).describe("epochs read in each form"),
  direct: z.boolean().default(true).describe("read past the page cache (O_DIRECT)"),
});

type Params = z.infer<typeof params>;

/** A prediction is a hit within a quarter: drives of virtual machines repeat no better. */
const WITHIN = 0.25;

const CALIBRATION_ROUNDS = 7;

interface StoredFile {
  readonly path: string;
  readonly pieces: readonly SamplePiece[];
}

function aligned(bytes: number): number {
  return Math.max(ALIGNMENT, ALIGNMENT * Math.round(bytes / ALIGNMENT));
}

function sizesOf(p: Params, seed: number): number[] {
  const random = seededUniform(seed);
  return Array.from(
    { length: p.samples },
    () => aligned(p.bytes * (1 + p.spread * (2 * random() - 1))),
  );
}

/** Reads files in the given order, every sample verified outside the clock. */
function readFiles(
  files: readonly StoredFile[],
  order: readonly number[],
  p: Pick<Params, "requestBytes" | "direct">,
): ReadCost & { readonly direct: boolean; readonly perFile: number[] } {
  const largest = Math.max(...files.flatMap((f) => f.pieces.map((s) => s.bytes)));
  // The first touch of a page costs a fault, which is no cost of reading.
  const buffer = pageAlignedBytes(largest).fill(1);
  const perFile: number[] = [];
  let [requests, bytes, direct] = [0, 0, true];
  for (const at of order) {
    let started = performance.now();
    const reader = openSamples(files[at].path, p.direct);
    direct &&= reader.direct;
    let seconds = 0;
    for (const piece of files[at].pieces) {
      const into = buffer.subarray(0, piece.bytes);
      requests += reader.read(into, piece.offset, piece.bytes, p.requestBytes);
      bytes += piece.bytes;
      seconds += (performance.now() - started) / 1000;
      verifySample(into, piece.id);
      started = performance.now();
    }
    reader.close();
    perFile.push(seconds + (performance.now() - started) / 1000);
  }
  const seconds = perFile.reduce((sum, s) => sum + s, 0);
  return { opens: order.length, requests, bytes, seconds, direct, perFile };
}

function shuffledOrder(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Files of other sizes than the judged ones, read in three ways that differ in opens, requests and bytes. */
function calibrate(p: Params, context: WorkloadContext): ReadModel {
  const make = (name: string, count: number, bytes: number): StoredFile[] =>
    Array.from({ length: count }, (_, i) => {
      const path = join(context.directory, `calibrate-${name}-${i}`);
      return { path, pieces: writeSamples(path, [{ id: i, bytes }]) };
    });
  const small = make("small", 48, aligned(p.bytes / 8));
  const large = make("large", 32, aligned(2 * p.bytes));
  const random = seededUniform(context.seed + 1);
  const ways = [
    { files: small, requestBytes: p.requestBytes },
    { files: large, requestBytes: p.requestBytes },
    { files: large, requestBytes: Math.max(ALIGNMENT, aligned(p.requestBytes / 16)) },
  ];
  // In turns: a drive that slows down for a while must not make one way look dearer than another.
  const rounds = Array.from(
    { length: CALIBRATION_ROUNDS },
    () =>
      ways.map(({ files, requestBytes }) =>
        readFiles(files, shuffledOrder(files.length, random), { ...p, requestBytes })
      ),
  );
  const [a, b, c] = ways.map((_, way): ReadCost =>
    rounds.map((round) => round[way])
      .toSorted((x, y) => x.seconds - y.seconds)[CALIBRATION_ROUNDS >> 1]
  );
  return fitReads([a, b, c]);
}

/** What an epoch in each form asks for: the judged work, known before it is done. */
function workOf(
  p: Params,
  seed: number,
): Record<"small-files" | "packed-shards", Omit<ReadCost, "seconds">> {
  const sizes = sizesOf(p, seed);
  const bytes = sizes.reduce((sum, b) => sum + b, 0);
  const requests = sizes.reduce((sum, b) => sum + Math.ceil(b / p.requestBytes), 0);
  return {
    "small-files": { opens: sizes.length, requests, bytes },
    "packed-shards": { opens: Math.ceil(sizes.length / p.perShard), requests, bytes },
  };
}

function store(
  p: Params,
  context: WorkloadContext,
): Record<"small-files" | "packed-shards", StoredFile[]> {
  const sizes = sizesOf(p, context.seed);
  const files = sizes.map((bytes, id) => {
    const path = join(context.directory, `sample-${id}`);
    return { path, pieces: writeSamples(path, [{ id, bytes }]) };
  });
  const shards: StoredFile[] = [];
  for (let from = 0; from < sizes.length; from += p.perShard) {
    const path = join(context.directory, `shard-${shards.length}`);
    const content = sizes.slice(from, from + p.perShard).map((bytes, i) => ({
      id: from + i,
      bytes,
    }));
    shards.push({ path, pieces: writeSamples(path, content) });
  }
  return { "small-files": files, "packed-shards": shards };
}

function run(p: Params, context: WorkloadContext): WorkloadResult {
  context.mark("write");
  const stored = store(p, context);
  const model = calibrate(p, context);
  const work = workOf(p, context.seed);
  const random = seededUniform(context.seed + 2);
  const forms = ["small-files", "packed-shards"] as const;
  const seconds = { "small-files": [] as number[], "packed-shards": [] as number[] };
  const operations = { "small-files": [] as number[], "packed-shards": [] as number[] };
  let direct = true;
  let verified = 0;
  for (let epoch = 0; epoch < p.epochs; epoch++) {
    for (const form of forms) {
      if (context.signal.aborted) break;
      context.mark(`${form}-${epoch}`);
      const read = readFiles(stored[form], shuffledOrder(stored[form].length, random), p);
      seconds[form].push(read.seconds);
      operations[form].push(...read.perFile);
      direct &&= read.direct;
      verified += read.bytes;
    }
    context.progress(epoch + 1, p.epochs, "epochs");
  }
  const compared = forms.map((form) => {
    const measured = quantityOf(seconds[form]).value;
    const modelled = modelledSeconds(model, work[form]);
    return `${form}: measured ${formatSeconds(measured)} an epoch, modelled ${
      formatSeconds(modelled)
    } (${formatRatio(Number((modelled / measured - 1).toPrecision(3)))})`;
  });
  return {
    phases: forms.map((form) => phaseOf(form, operations[form], work[form].bytes * p.epochs)),
    quantities: Object.fromEntries(
      forms.map((form) => [`${form} seconds`, quantityOf(seconds[form])]),
    ),
    verifiedBytes: verified,
    notes: [
      ...compared,
      `calibrated on other sizes: ${formatSeconds(model.openSeconds)} an open, ${
        formatSeconds(model.requestSeconds)
      } a read, ${(1 / Math.max(model.byteSeconds, 1e-15) / 1e6).toFixed(0)} MB/s`,
      `for the model: replay loader FOLDER --set bandwidth=${
        (1 / Math.max(model.byteSeconds, 1e-15)).toPrecision(4)
      } --set latency=${model.requestSeconds.toPrecision(4)} --set threads=1`,
      direct ? "reads went past the page cache" : "reads may come from the page cache",
    ],
  };
}

export const workload: Workload<Params> = {
  name: "loader",
  summary:
    "training samples read from files and from shards, every byte verified, beside the model's times",
  params,
  diskBytes: (p) => 2 * (1 + p.spread) * p.samples * p.bytes + 48 * p.bytes,
  predict(p, context) {
    const model = calibrate(p, context);
    const work = workOf(p, context.seed);
    const claims = (["small-files", "packed-shards"] as const).map((form): Claim => ({
      quantity: `${form} seconds`,
      unit: "seconds",
      predicted: modelledSeconds(model, work[form]),
      low: null,
      high: null,
      within: WITHIN,
      assumption: "an epoch is opens x open + reads x request + bytes / bandwidth, one thread",
      calibrationResidual: null,
    }));
    return Promise.resolve({ claims, inputs: { ...model } });
  },
  run: (p, context) => Promise.resolve(run(p, context)),
};
