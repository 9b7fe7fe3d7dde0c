import { join } from "node:path";
import { z } from "zod";
import { bytesParam } from "../../model/params.ts";
import { formatNumber } from "../../model/units.ts";
import { spillAndRefill } from "../kv/spill.ts";
import type { Workload } from "../workload.ts";

const params = z.strictObject({
  blockBytes: bytesParam().default(2 ** 20).describe("size of a KV block"),
  memoryBlocks: z.number().int().positive().default(256).describe("blocks that memory holds"),
  distinctBlocks: z.number().int().positive().default(2048).describe("different blocks"),
  references: z.number().int().positive().default(20_000).describe("block references"),
  direct: z.boolean().default(true).describe("read past the page cache (O_DIRECT)"),
  syncEvery: z.number().int().nonnegative().default(64).describe("blocks between fsyncs; 0 never"),
});

type Params = z.infer<typeof params>;

export const workload: Workload<Params> = {
  name: "kv",
  summary: "spills and refills KV blocks between memory and a file, every byte verified",
  params,
  diskBytes: (p) => p.distinctBlocks * p.blockBytes,
  run(params, context) {
    const { phases, verifiedBytes, hits, misses, direct } = spillAndRefill(
      join(context.directory, "kv.blocks"),
      { ...params, seed: context.seed },
      (done) => context.progress(done, params.references, "block references"),
    );
    return Promise.resolve({
      phases,
      verifiedBytes,
      notes: [
        `${formatNumber(hits)} hits and ${formatNumber(misses)} misses of memory`,
        direct ? "refills read past the page cache" : "refills may come from the page cache",
      ],
    });
  },
};
