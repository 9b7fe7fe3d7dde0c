import { z } from "zod";

/**
 * A number of a profile with how it is known. A bare number in a file means "given by the user".
 * `low` and `high` are the spread over repeats when it was measured.
 */
export const quantitySchema = z.union([
  z.number(),
  z.object({
    value: z.number(),
    low: z.number().optional(),
    high: z.number().optional(),
    evidence: z.enum(["measured", "modelled", "assumed"]).default("assumed"),
    source: z.string().default("given by the user"),
    asOf: z.string().optional(),
  }),
]).transform((input) =>
  typeof input === "number"
    ? { value: input, evidence: "assumed" as const, source: "given by the user" }
    : input
);

export type Quantity = z.infer<typeof quantitySchema>;
