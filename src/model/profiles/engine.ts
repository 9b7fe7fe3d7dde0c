import { z } from "zod";
import { quantitySchema } from "./quantity.ts";

/** A time law in the bytes that are moved: `baseSeconds + secondsPerByte * bytes`. */
const byteLawSchema = z.object({ baseSeconds: quantitySchema, secondsPerByte: quantitySchema });

/**
 * A single-slot LLM engine (llama.cpp on a CPU, a laptop, an edge box) as it was measured: one sequence at
 * a time, whose whole KV state can be saved to a file and loaded again.
 */
export const engineProfileSchema = z.object({
  name: z.string().min(1).describe("the engine and its version"),
  model: z.string().min(1),
  threads: z.number().int().positive(),
  contextTokens: z.number().int().positive(),
  /** Evaluating n tokens after h cached ones and sampling once: base + n*perToken + n*(h+n)*perPair. */
  prefill: z.object({
    baseSeconds: quantitySchema,
    secondsPerToken: quantitySchema,
    secondsPerPair: quantitySchema,
  }),
  decodeSecondsPerToken: quantitySchema,
  /** A saved state of n tokens has exactly header + n*perToken bytes. */
  stateHeaderBytes: z.number().int().nonnegative(),
  stateBytesPerToken: z.number().int().positive(),
  /** Writing a state and making it durable. */
  save: byteLawSchema,
  /** Loading a state that the page cache holds: the engine's own share of every load. */
  loadWarm: byteLawSchema,
  /** Loading a state from the drive at the drive's own speed. */
  loadCold: byteLawSchema,
});

export type EngineProfile = z.infer<typeof engineProfileSchema>;
