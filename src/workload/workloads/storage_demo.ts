import { join } from "node:path";
import { z } from "zod";
import { bytesParam } from "../../model/params.ts";
import { formatRatio } from "../../model/units.ts";
import { writeCheckpoint } from "../checkpoint_file.ts";
import { spillAndRefill } from "../kv/spill.ts";
import type { Workload } from "../workload.ts";

const params = z.strictObject({
  blockBytes: bytesParam().default(2 ** 20).describe("size of a KV block"),
  memoryBlocks: z.number().int().positive().default(128).describe("blocks that memory holds"),
  distinctBlocks: z.number().int().positive().default(768).describe("different blocks"),
  references: z.number().int().positive().default(4000).describe("block references"),
  checkpointBytes: bytesParam().default(512 * 2 ** 20).describe("size of the checkpoint"),
  direct: z.boolean().default(true).describe("read past the page cache (O_DIRECT)"),
});

type Params = z.infer<typeof params>;

export const workload: Workload<Params> = {
  name: "storage-demo",
  summary: "KV spill and refill between memory and a file, then a checkpoint with fsync",
  params,
  diskBytes: (p) => p.distinctBlocks * p.blockBytes + p.checkpointBytes,
  run(params, context) {
    context.mark("kv");
    const kv = spillAndRefill(
      join(context.directory, "kv.blocks"),
      { ...params, syncEvery: 64, seed: context.seed },
      (done) => context.progress(done, params.references, "block references"),
    );
    context.mark("checkpoint");
    const checkpoint = writeCheckpoint(
      join(context.directory, "checkpoint"),
      params.checkpointBytes,
      context.seed,
    );
    const share = formatRatio(kv.hits / (kv.hits + kv.misses));
    return Promise.resolve({
      phases: [...kv.phases, ...checkpoint.phases],
      verifiedBytes: kv.verifiedBytes + checkpoint.verifiedBytes,
      notes: [
        `${share} of the block references were served from memory`,
        kv.direct ? "refills read past the page cache" : "refills may come from the page cache",
      ],
    });
  },
};
