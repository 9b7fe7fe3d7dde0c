import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import { formatNumber } from "../../../model/units.ts";
import { shardStream } from "../order.ts";
import { plainLoader } from "../outcome.ts";
import { packedReads } from "../packed.ts";
import { LOADER_PARAMS } from "../params.ts";
import { packShards } from "../sources.ts";

const params = z.strictObject({
  ...LOADER_PARAMS,
  shardBytes: bytesParam().default(256 * 2 ** 20).describe("size of a shard"),
  frame: z.enum(["tfrecord", "webdataset"]).default("tfrecord").describe("format of a shard"),
});

export const policy = plainLoader({
  name: "packed-shards",
  summary: "samples are packed into shards, whole shards are shuffled and read from front to back",
  reference:
    "TFRecord (16 B a record) and WebDataset (tar: 512 B a member, padded); order within a shard stays",
  params,
}, (p, job, samples, context) => {
  const shards = packShards(samples, p.shardBytes, p.frame);
  return {
    ...packedReads(job, samples, shards),
    order: (epoch) => shardStream(shards.shardOf, context.seed, epoch),
    notes: [
      `packed-shards: ${formatNumber(shards.count)} shards; samples of a shard stay together.`,
    ],
  };
});
