import { z } from "zod";
import { shuffled } from "../order.ts";
import { plainLoader } from "../outcome.ts";
import { LOADER_PARAMS } from "../params.ts";
import { fileWork, sourcePlace } from "../sources.ts";

const params = z.strictObject({ ...LOADER_PARAMS });

export const policy = plainLoader({
  name: "small-files",
  summary: "every sample is a file of its own, read in random order",
  reference:
    "PyTorch's map-style data set with full shuffle; DLIO's npz reader: an open, then reads to the end",
  params,
}, (_p, job, samples, context) => ({
  places: [sourcePlace(job.source)],
  order: (epoch) => shuffled(samples.count, context.seed, epoch),
  read: (sample, _host, _epoch, use) => use({ place: 0, ...fileWork(job, samples.bytes[sample]) }),
}));
