import { z } from "zod";
import { bytesParam, secondsParam } from "../../model/params.ts";
import { dataClassSchema } from "../placement/data_class.ts";

/**
 * GPUs that work for a time in whole hosts, memory and drives included: a training or a fine-tuning that
 * nobody recorded or replayed.
 */
const machineSchema = z.strictObject({
  gpu: z.string().min(1).describe("key of the GPU in the factor tables: h100_sxm"),
  gpus: z.number().int().positive(),
  seconds: secondsParam().describe("wall time; 20d, 36h"),
  busyShare: z.number().min(0).max(1).optional().describe("busy share; the factor when not given"),
  dramBytes: bytesParam().default(0).describe(
    "host memory held, beyond what hosts are priced with",
  ),
});

/** One stretch of a model's life: what it used, taken from a result, from a machine, or from storage. */
const stageSchema = z.strictObject({
  name: z.string().min(1),
  /** A replay or run of the store, or a JSON file of a replay, a run or a usage. */
  from: z.string().optional(),
  /** Which result of a replay with several. */
  policy: z.string().optional(),
  machine: machineSchema.optional(),
  /** Data that is kept: a class as `advise placement` takes it. */
  storage: dataClassSchema.optional(),
  medium: z.string().default("ssd").describe("where the data lies"),
  /** How long it goes on: what a result used is scaled to it, storage is held for it. */
  period: secondsParam().optional(),
  /** Times that the stage happens (three fine-tunings). */
  times: z.number().positive().default(1),
  /** Ways to store less that apply to the tiers of a result; storage brings its own kind. */
  kind: z.enum(["checkpoints", "kv", "samples", "other"]).default("other"),
  /** Site of this stage when it differs from the command's. */
  site: z.string().optional(),
  units: z.record(z.string(), z.number().nonnegative()).default({}),
});

export type StagePlan = z.infer<typeof stageSchema>;

/** What `estimate lifecycle` reads. */
export const lifecyclePlanSchema = z.strictObject({
  schema: z.literal("spillway/lifecycle-input/1").optional(),
  name: z.string().min(1).default("life cycle"),
  stages: z.array(stageSchema).min(1),
});

export type LifecyclePlan = z.infer<typeof lifecyclePlanSchema>;

/** A plan to start from: a 70B model that is trained, kept, and served for a year. */
export const EXAMPLE_PLAN = {
  schema: "spillway/lifecycle-input/1",
  name: "a 70B model for a year",
  stages: [
    {
      name: "training",
      machine: { gpu: "h100_sxm", gpus: 1024, seconds: "30d", busyShare: 0.9 },
      units: { trainingTokens: 1e12 },
    },
    {
      name: "checkpoints",
      storage: {
        name: "checkpoints",
        kind: "checkpoints",
        bytes: "9.8TB",
        objectBytes: "64MiB",
        writtenBytesPerMonth: "1411TB",
        readBytesPerMonth: "9.8TB",
        retentionSeconds: "5h",
      },
      medium: "ssd",
      period: "30d",
    },
    {
      name: "training samples",
      storage: {
        name: "samples",
        kind: "samples",
        bytes: "50TB",
        objectBytes: "64MiB",
        readBytesPerMonth: "50TB",
        retentionSeconds: "365d",
      },
      medium: "object",
      period: "365d",
    },
    {
      name: "serving",
      machine: { gpu: "h100_sxm", gpus: 8, seconds: "365d", busyShare: 0.5 },
      units: { requests: 2e8, inputTokens: 4e11, outputTokens: 1e11 },
    },
    {
      name: "stored KV cache",
      storage: {
        name: "cold KV",
        kind: "kv",
        bytes: "10TB",
        objectBytes: "2MiB",
        writtenBytesPerMonth: "60TB",
        readBytesPerMonth: "90TB",
        retentionSeconds: "5d",
      },
      medium: "ssd",
      period: "365d",
    },
  ],
};
