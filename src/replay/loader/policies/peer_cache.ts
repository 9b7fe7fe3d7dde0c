import { z } from "zod";
import { bytesParam } from "../../../model/params.ts";
import { counted } from "../../../model/plural.ts";
import { formatBytes } from "../../../model/units.ts";
import type { Place } from "../access.ts";
import { cachesTogether, createSampleCache } from "../cache.ts";
import { shuffled } from "../order.ts";
import { plainLoader } from "../outcome.ts";
import { LOADER_PARAMS } from "../params.ts";
import { fileWork, sourcePlace } from "../sources.ts";

const params = z.strictObject({
  ...LOADER_PARAMS,
  dram: bytesParam().nullable().default(null)
    .describe("host memory of a node for samples; null: half of the profile's"),
});

/** Seconds of a request to another node: assumed, a remote procedure call within a data centre. */
const PEER_SECONDS = 50e-6;

export const policy = plainLoader({
  name: "peer-cache",
  summary: "the nodes' memory is one cache: each sample lies on one node, the others ask it",
  reference:
    "CoorDL's partitioned cache (VLDB 2021): a sample is cached once in the cluster, by its number",
  params,
}, (p, job, samples, context) => {
  const memory = p.dram ?? (job.hardware?.dram?.capacityBytes ?? 0) / 2;
  const rate = job.hardware?.dram?.bytesPerSecond?.value ?? Infinity;
  const places: Place[] = [
    sourcePlace(job.source),
    {
      name: "host memory",
      tier: "dram",
      seconds: (work) => work.bytes / rate,
      latencySeconds: 0,
      perHost: true,
    },
    {
      name: "other nodes",
      tier: "peer_dram",
      seconds: (work) => work.bytes / job.nicBytesPerSecond,
      latencySeconds: PEER_SECONDS,
      perHost: true,
    },
  ];
  const caches = Array.from({ length: job.hosts }, () => createSampleCache(memory, "fill-once"));
  return {
    places,
    order: (epoch) => shuffled(samples.count, context.seed, epoch),
    read(sample, host, _epoch, use) {
      const bytes = samples.bytes[sample];
      const owner = sample % job.hosts;
      if (caches[owner].has(sample)) {
        use({ place: owner === host ? 1 : 2, bytes, requests: 1, metadata: 0 });
        return;
      }
      use({ place: 0, ...fileWork(job, bytes) });
      caches[owner].insert(sample, bytes);
    },
    caches: () => ({ "host memory": cachesTogether(caches) }),
    notes: [
      `peer-cache: ${formatBytes(memory * job.hosts)} of memory on ${
        counted(job.hosts, "node")
      } together for ${formatBytes(samples.totalBytes)} of samples.`,
    ],
  };
});
