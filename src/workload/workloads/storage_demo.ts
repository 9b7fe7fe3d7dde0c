import { join } from "node:path";
import { z } from "zod";
import { bytesParam } from "../../model/params.ts";
import { formatRatio } from "../../model/units.ts";
import { writeCheckpoint } from "../checkpoint_file.ts";
import { executeTraffic } from "../kv/execute_traffic.ts";
import { lruTraffic } from "../kv/lru_traffic.ts";
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
  async run(params, context) {
    context.mark("kv");
    const traffic = lruTraffic({ ...params, seed: context.seed });
    const kv = await executeTraffic(traffic, {
      directory: context.directory,
      blockBytes: params.blockBytes,
      direct: params.direct,
      syncEvery: 64,
      concurrency: 1,
      speed: 0,
      freeBytes: Infinity,
      signal: context.signal,
      progress: (done, total) => context.progress(done, total, "block operations"),
      now: () => performance.now(),
    });
    context.mark("checkpoint");
    const checkpoint = writeCheckpoint(
      join(context.directory, "checkpoint"),
      params.checkpointBytes,
      context.seed,
    );
    const inMemory = kv.phases.find((p) => p.name === "dram-read")?.operations ?? 0;
    const share = formatRatio(inMemory / params.references);
    return {
      phases: [...kv.phases, ...checkpoint.phases],
      verifiedBytes: kv.verifiedBytes + checkpoint.verifiedBytes,
      notes: [
        `${share} of the block references were served from memory`,
        kv.direct ? "blocks moved past the page cache" : "blocks may come from the page cache",
      ],
    };
  },
};
