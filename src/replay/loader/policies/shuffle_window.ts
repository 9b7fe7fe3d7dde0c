import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import { formatBytes, formatNumber } from "../../../model/units.ts";
import { metric } from "../../../model/metric.ts";
import type { Policy } from "../../../model/policy.ts";
import { shardStream, windowed } from "../order.ts";
import { loaderOutcome, loaderReplay, runEpochs } from "../outcome.ts";
import { packedReads } from "../packed.ts";
import { LOADER_PARAMS } from "../params.ts";
import { packShards } from "../sources.ts";

const params = z.strictObject({
  ...LOADER_PARAMS,
  window: z.number().int().positive().default(1000).describe("samples in the shuffle buffer"),
  shardBytes: bytesParam().default(256 * 2 ** 20).describe("size of a shard"),
  frame: z.enum(["tfrecord", "webdataset"]).default("tfrecord").describe("format of a shard"),
});

type Params = z.infer<typeof params>;

/**
 * How far samples move from their place in the stream, over what a full shuffle does (a third of the length in the
 * mean): 0 is no shuffle, 1 a full one.
 */
function mixing(stream: Int32Array, order: Int32Array): number {
  const place = new Int32Array(stream.length);
  stream.forEach((sample, i) => place[sample] = i);
  let moved = 0;
  order.forEach((sample, i) => moved += Math.abs(place[sample] - i));
  return moved / stream.length / (stream.length / 3);
}

export const policy: Policy<"io", Params> = {
  name: "shuffle-window",
  family: "loader",
  summary: "packed shards, whose samples pass through a shuffle buffer",
  reference:
    "tf.data shuffle(buffer) and WebDataset's shuffle: each output is drawn from a buffer of `window` samples",
  accepts: ["io"],
  params,
  create: (p, context) =>
    loaderReplay(p, context, (job, samples) => {
      const shards = packShards(samples, p.shardBytes, p.frame);
      const stream = (epoch: number) => shardStream(shards.shardOf, context.seed, epoch);
      const order = (epoch: number) => windowed(stream(epoch), p.window, context.seed, epoch);
      const plan = { ...packedReads(job, samples, shards), order };
      const perLoader = Math.min(p.window, Math.floor(samples.count / job.accelerators));
      const buffer = perLoader * samples.totalBytes / samples.count;
      const mixed = mixing(stream(0), order(0));
      // Every loader fills its buffer before it gives the first sample out, in each epoch anew.
      const fill = job.accelerators * buffer / job.source.readBytesPerSecond;
      const epochs = runEpochs(job, plan).map((e) => ({ ...e, seconds: e.seconds + fill }));
      return loaderOutcome("shuffle-window", job, samples, plan, epochs, {
        metrics: {
          shuffle_mixing_ratio: metric(Math.min(1, mixed), "ratio", "replayed"),
          shuffle_buffer_bytes: metric(Math.round(buffer), "bytes", "replayed"),
          shuffle_fill_seconds: metric(fill, "seconds", "modelled"),
        },
        notes: [
          `shuffle-window: ${formatNumber(perLoader)} samples hold ${
            formatBytes(Math.round(buffer))
          } in each loader and move a sample ${
            (100 * Math.min(1, mixed)).toFixed(1)
          } % as far as a full shuffle.`,
        ],
      });
    }),
};
