import { z } from "zod";
import { ENGINE_MODELS } from "./with_engine.ts";

/** Parameters of every workload with a real engine. */
export const engineFields = {
  model: z.enum(ENGINE_MODELS).default("110m-mha").describe("generated model"),
  file: z.string().nullable().default(null).describe("a GGUF model of your own instead"),
  threads: z.number().int().min(1).max(256).default(1).describe("CPU threads of the engine"),
} as const;

/** Prompt lengths as `256,512,1024`. */
export function lengthsParam(fallback: string): z.ZodType<number[], string | number | undefined> {
  return z.union([z.string(), z.number()]).default(fallback).transform((input, context) => {
    const lengths = String(input).split(",").map(Number);
    if (lengths.every((n) => Number.isInteger(n) && n >= 16 && n <= 8000)) return lengths;
    context.addIssue({
      code: "custom",
      message: `"${input}" must be whole numbers from 16 to 8000, separated by commas`,
    });
    return z.NEVER;
  }).describe("prompt lengths in tokens");
}
