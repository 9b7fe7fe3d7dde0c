import { z } from "zod";

/** Parameters that every policy of KV memory has. */
export const kvParams = {
  slots: z.number().int().positive().nullable().default(null)
    .describe("KV slots (tokens) of the pool; from --hardware and --llm, else 65536"),
  stepSeconds: z.number().positive().default(0.03)
    .describe("time of one iteration; places arrivals between steps"),
};

/** Of those that schedule: how many may run. */
export const maxRunningParam = {
  maxRunning: z.number().int().positive().default(256).describe("most requests running at once"),
};
