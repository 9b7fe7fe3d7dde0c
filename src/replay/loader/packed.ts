import type { AccessPlan, Samples } from "./access.ts";
import type { LoaderJob } from "./params.ts";
import { opensOf, type Shards, sourcePlace } from "./sources.ts";

/** Reading packed shards from front to back: opens and requests are shared by the samples of a shard. */
export function packedReads(
  job: LoaderJob,
  samples: Samples,
  shards: Shards,
): Pick<AccessPlan, "places" | "read"> {
  const shardBytes = new Float64Array(shards.count);
  const shardSamples = new Int32Array(shards.count);
  for (let i = 0; i < samples.count; i++) {
    shardBytes[shards.shardOf[i]] += shards.framedBytes[i];
    shardSamples[shards.shardOf[i]]++;
  }
  const opens = opensOf(job);
  return {
    places: [sourcePlace(job.source)],
    read(sample, _host, _epoch, use) {
      const shard = shards.shardOf[sample];
      const requests = Math.ceil(shardBytes[shard] / job.requestBytes);
      const share = shards.framedBytes[sample] / shardBytes[shard];
      use({
        place: 0,
        bytes: shards.framedBytes[sample],
        requests: requests * share,
        metadata: opens / shardSamples[shard],
      });
    },
  };
}
