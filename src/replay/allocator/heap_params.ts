import { z } from "zod";
import { bytesParam } from "../../model/params.ts";

/** Parameters of every policy that replays allocations on a device of its own. */
export const heapParams = {
  capacity: bytesParam().nullable().default(null)
    .describe("device memory; without it a device that is never full"),
  device: z.number().int().nonnegative().nullable().default(null)
    .describe("GPU of the trace; without it the first that has events"),
  moment: z.union([z.enum(["peak", "oom", "end"]), z.number().int().nonnegative()]).default("peak")
    .describe(
      "when the segment map is drawn: peak, oom (the first), end, or the number of an operation",
    ),
  callCosts: z.string().default("")
    .describe("measured driver times as CALL:TIME,...; those not named are assumed"),
  search: z.boolean().default(true).describe("search the smallest capacity without out-of-memory"),
};

export interface HeapParams {
  readonly capacity: number | null;
  readonly device: number | null;
  readonly moment: "peak" | "oom" | "end" | number;
  readonly callCosts: string;
  readonly search: boolean;
}
