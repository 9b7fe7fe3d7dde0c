/**
 * A policy to copy: save it as `src/replay/<family>/policies/<name>.ts` (without the underscore), change
 * what is marked, write one test, run `deno task registry`. Flags, help, completions, `explain`, the
 * report's legend and the conformance suite find it by themselves.
 */
import { z } from "zod";
import { metric } from "../../../model/metric.ts";
import type { Policy, Replay, ReplayContext } from "../../../model/policy.ts";

// Change: every parameter has a default and says what it is. Sizes and times read units with
// bytesParam(), secondsParam() and rateParam() of src/model/params.ts.
const params = z.strictObject({
  slots: z.number().int().positive().default(65_536).describe("KV slots (tokens) of the pool"),
});

type Params = z.infer<typeof params>;

// Change: the columns of a batch come in order, `finish` is called once. No clock, no file, no
// randomness but context.seed.
function create(p: Params, _context: ReplayContext<"requests">): Replay<"requests"> {
  let rejected = 0;
  return {
    feed(columns) {
      for (let i = 0; i < columns.count; i++) {
        if (columns.inputTokens[i] + columns.outputTokens[i] > p.slots) rejected++;
      }
    },
    finish: () => ({
      metrics: { rejected_count: metric(rejected, "count", "replayed") },
      usage: null,
    }),
  };
}

export const policy: Policy<"requests", Params> = {
  name: "template",
  family: "allocator",
  summary: "counts the requests that could never fit",
  reference: "this tool: a policy to copy",
  accepts: ["requests"],
  params,
  create,
};
