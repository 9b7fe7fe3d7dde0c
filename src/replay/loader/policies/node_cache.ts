import { z } from "zod";
import { usageError } from "../../../model/errors.ts";
import { bytesParam } from "../../../model/params.ts";
import { counted } from "../../../model/plural.ts";
import { formatBytes } from "../../../model/units.ts";
import { tierOf, tierSeconds } from "../../shared/storage_tier.ts";
import type { Place } from "../access.ts";
import { cachesTogether, createSampleCache } from "../cache.ts";
import { shuffled } from "../order.ts";
import { plainLoader } from "../outcome.ts";
import { LOADER_PARAMS, type LoaderJob } from "../params.ts";
import { fileWork, requestsOf, sourcePlace } from "../sources.ts";

const params = z.strictObject({
  ...LOADER_PARAMS,
  dram: bytesParam().nullable().default(null)
    .describe("host memory of a node for samples; null: half of the profile's"),
  nvme: bytesParam().default(0).describe("drive space of a node for samples"),
  eviction: z.enum(["fill-once", "lru"]).default("fill-once")
    .describe(
      "fill-once: keep what came first; lru: make room for the newest, memory evicts to the drives",
    ),
});

/** Places of the caches of a node: memory, then drives. @throws usage error for drives nobody describes. */
function cachePlaces(job: LoaderJob, nvme: number): Place[] {
  const memory = job.hardware?.dram?.bytesPerSecond?.value ?? Infinity;
  const dram: Place = {
    name: "host memory",
    tier: "dram",
    seconds: (work) => work.bytes / memory,
    latencySeconds: 0,
    perHost: true,
  };
  if (nvme === 0) return [dram];
  const drives = job.hardware?.ssds[0];
  if (drives === undefined || job.source.name === "ssd") {
    throw usageError(
      drives === undefined
        ? "node-cache: the profile has no drives for --set nvme"
        : "node-cache: the data set lies on these drives already",
      "leave nvme at 0, or give --set source=remote (or object)",
    );
  }
  const tier = tierOf("ssd", drives);
  return [dram, {
    name: "drives",
    tier: "ssd",
    seconds: (work) => tierSeconds(tier, work),
    latencySeconds: tier.readSeconds,
    perHost: true,
  }];
}

export const policy = plainLoader({
  name: "node-cache",
  summary: "each node keeps samples in its memory and on its drives, within quotas; random order",
  reference: "CoorDL's MinIO cache (VLDB 2021): never evict; lru for comparison",
  params,
}, (p, job, samples, context) => {
  const memory = p.dram ?? (job.hardware?.dram?.capacityBytes ?? 0) / 2;
  const places = [sourcePlace(job.source), ...cachePlaces(job, p.nvme)];
  const caches = [memory, p.nvme].slice(0, places.length - 1).map((bytes) =>
    Array.from({ length: job.hosts }, () => createSampleCache(bytes, p.eviction))
  );
  /** Into the first level that takes it; what it pushes out goes one level down. */
  const keep = (from: number, host: number, sample: number, bytes: number): void => {
    for (let level = from; level < caches.length; level++) {
      const down = (old: number, size: number) => keep(level + 1, host, old, size);
      if (caches[level][host].insert(sample, bytes, down)) return;
    }
  };
  return {
    places,
    order: (epoch) => shuffled(samples.count, context.seed, epoch),
    read(sample, host, _epoch, use) {
      const bytes = samples.bytes[sample];
      const level = caches.findIndex((level) => level[host].has(sample));
      if (level >= 0) {
        caches[level][host].touch(sample);
        const requests = level === 0 ? 1 : requestsOf(bytes, job.requestBytes);
        use({ place: level + 1, bytes, requests, metadata: 0 });
        return;
      }
      use({ place: 0, ...fileWork(job, bytes) });
      keep(0, host, sample, bytes);
    },
    caches: () =>
      Object.fromEntries(caches.map((level, i) => [places[i + 1].name, cachesTogether(level)])),
    notes: [
      `node-cache: ${formatBytes(memory)} of memory and ${
        formatBytes(p.nvme)
      } of drives on each of ` +
      `${counted(job.hosts, "node")} for ${formatBytes(samples.totalBytes)} of samples.`,
    ],
  };
});
