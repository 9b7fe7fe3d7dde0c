import { z } from "zod";
import { bytesParam, rateParam, secondsParam } from "../../model/params.ts";

/** Parameters that every policy of the family has, so that policies differ only in policy. */
export const conversationSchema = z.object({
  readBandwidth: rateParam().nullable().default(null).describe(
    "limit of the drive's reads; null: the drive's own speed",
  ),
  limitSlice: secondsParam().default(0).describe(
    "slice of the limiter: 0.1s for a control group on Linux, 0 for a drive that simply is slow",
  ),
  stateBytes: bytesParam().nullable().default(null).describe(
    "drive space for saved states; null: no limit",
  ),
  turns: z.number().int().positive().default(1_000_000).describe("turns taken from the trace"),
  tokenDivisor: z.number().positive().default(1).describe(
    "divides the trace's token counts, so that it fits a small engine",
  ),
});

export type ConversationParams = z.infer<typeof conversationSchema>;
