import { z } from "zod";
import { rateParam, secondsParam } from "../../../model/params.ts";

/** A file system that several jobs share, and how they keep out of each other's way. */
export const sharedSchema = z.strictObject({
  name: z.string().default("fs"),
  /** Bytes a second of all writes and reads together. */
  bandwidth: rateParam(),
  jobs: z.number().int().positive().default(1),
  /** Jobs that differ: when each starts, and its parameters where they are not those of the policy. */
  each: z.array(z.strictObject({
    startSeconds: z.number().min(0),
    set: z.record(z.string(), z.unknown()),
  })).min(1).optional(),
});

export type SharedStore = z.infer<typeof sharedSchema>;

/** The jobs on a store: those that are described, or alike ones that start together. */
export function jobsOn(store: SharedStore): NonNullable<SharedStore["each"]> {
  return store.each ?? Array.from({ length: store.jobs }, () => ({ startSeconds: 0, set: {} }));
}

/** When a save may start: at once, or when a token is free. */
export const ADMISSIONS = ["free", "token-bucket"] as const;

/** Parameters of jobs that share a store; they act on a job alone too. */
export const SHARED_PARAMS = {
  shared: sharedSchema.nullable().default(null)
    .describe("file system that several jobs share; --shared and --jobs fill it"),
  jitter: z.number().min(0).max(1).default(0)
    .describe("saves of a job are shifted at random by up to this share of the interval"),
  restartJitter: secondsParam().default(0)
    .describe("a recovery waits at random for up to so long before it reads the store"),
  admission: z.enum(ADMISSIONS).default("free")
    .describe("free: save when due; token-bucket: train on until the shared store has a token"),
  tokens: z.number().int().positive().default(1)
    .describe("tokens that the bucket of the shared store holds: saves that may start together"),
} as const;
