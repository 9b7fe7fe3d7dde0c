import type { AllocationTraceMeta } from "../model/trace/allocations.ts";
import type { Trace, TraceSummary } from "../model/trace/trace.ts";
import type { AllocationMatcher } from "./allocation_matcher.ts";
import type { ImportInput } from "./importer.ts";

/** What a format of events without ids knows of its trace besides the operations. */
export interface MatchedTraceFacts {
  readonly sizeMeaning: AllocationTraceMeta["sizeMeaning"];
  readonly streams: readonly string[];
  readonly sites?: readonly string[];
  readonly heldBefore?: AllocationTraceMeta["heldBefore"];
  readonly notes: readonly string[];
}

/** The summary of a trace whose operations a matcher has paired. */
export function matchedSummary(
  matcher: AllocationMatcher,
  { sizeMeaning, streams, sites, heldBefore, notes }: MatchedTraceFacts,
  sha256: string,
): TraceSummary<"allocations"> {
  return {
    sha256,
    rows: matcher.rows,
    meta: {
      sizeMeaning,
      overflowed: false,
      allocatorSettings: null,
      segments: null,
      liveBefore: matcher.liveBefore(),
      streams,
      ...(sites === undefined ? {} : { sites }),
      ...(heldBefore === undefined || heldBefore.length === 0 ? {} : { heldBefore }),
    },
    notes,
  };
}

/** The trace in memory, with the blocks that were live before the first event in front. */
export async function matchedTrace(
  input: ImportInput,
  format: string,
  matcher: AllocationMatcher,
  facts: MatchedTraceFacts,
): Promise<Trace<"allocations">> {
  return {
    kind: "allocations",
    name: "",
    format,
    ...matchedSummary(matcher, facts, await input.sha256()),
    async *batches() {
      yield* await Promise.resolve(matcher.batches());
    },
  };
}
