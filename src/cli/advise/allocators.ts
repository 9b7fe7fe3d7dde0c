import type { Profiles } from "../../model/profiles/profiles.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { POLICIES } from "../../registry/policies.ts";
import { type AnyPolicy, type Assignment, choosePolicies } from "../replay_params.ts";
import { runPolicies } from "../replay_run.ts";

/** What an allocator of KV memory wastes on a trace: a dimension of the search for serving. */
export interface AllocatorWaste {
  /** `paged`, `contiguous reserve=max`. */
  readonly label: string;
  /** Share of the KV memory held that no token fills, as `--set kvWaste=` takes it. */
  readonly waste: string;
}

/** Longest request of a trace in tokens, as a power of two: what a contiguous reservation must allow for. */
async function contextLimit(trace: Trace): Promise<number> {
  let longest = 1;
  for await (const batch of trace.batches()) {
    const { count, inputTokens, outputTokens } = batch as RequestColumns;
    for (let i = 0; i < count; i++) longest = Math.max(longest, inputTokens[i] + outputTokens[i]);
  }
  return 2 ** Math.ceil(Math.log2(longest));
}

/**
 * Replays the trace on the allocators of KV memory and returns what each wastes, least first. Allocators
 * under which no request ever runs are left out.
 */
export async function allocatorWastes(
  trace: Trace,
  profiles: Profiles,
  seed: number,
): Promise<AllocatorWaste[]> {
  const entries = POLICIES.filter((p) =>
    p.family === "allocator" && ["paged", "contiguous"].includes(p.name)
  );
  const policies = await Promise.all(entries.map((p) => p.load())) as AnyPolicy[];
  const set: Assignment[] = [
    { policy: "contiguous", key: "contextLimit", value: String(await contextLimit(trace)) },
  ];
  const choices = choosePolicies(policies, set, [
    { policy: "contiguous", key: "reserve", values: ["max", "pow2", "oracle"] },
  ]);
  const results = await runPolicies(trace, choices, profiles, seed);
  return results.flatMap((r, i) => {
    const waste = r.metrics.waste_ratio?.value;
    if (typeof waste !== "number") return [];
    const swept = Object.entries(choices[i].swept).map(([k, v]) => `${k}=${v}`);
    const label = [r.policy, ...swept].join(" ");
    return [{ label, waste: String(Number(Math.min(0.99, waste).toPrecision(4))) }];
  }).sort((a, b) => Number(a.waste) - Number(b.waste));
}
