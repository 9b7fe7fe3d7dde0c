import { usageError } from "../../model/errors.ts";
import type { Profiles } from "../../model/profiles/profiles.ts";
import type { ReplayDocument, TraceStamp } from "../../model/results.ts";
import type { Trace } from "../../model/trace/trace.ts";
import type { RequestColumns } from "../../model/trace/requests.ts";
import { createTrafficSink, type Traffic } from "../../model/traffic.ts";
import type { TierName } from "../../model/usage.ts";
import { loadPolicies } from "../replay_options.ts";
import { type Assignment, choosePolicies } from "../replay_params.ts";
import { replayDocument } from "../replay_run.ts";

/** A request trace read into memory. */
export interface LoadedRequests {
  readonly trace: Trace<"requests"> & { readonly id: string | null };
  readonly batches: readonly RequestColumns[];
}

/** The trace of `--conversation` or `--trace`; `true` stands for the generated one. */
export async function loadRequests(
  argument: string | true,
  storePath: string,
  seed: number,
): Promise<LoadedRequests> {
  if (argument === true) {
    const { generatedConversations } = await import("./generated_requests.ts");
    return await generatedConversations(seed);
  }
  const { loadTrace } = await import("../load_trace.ts");
  const trace = await loadTrace(argument, { storePath, kind: "requests" });
  const batches: RequestColumns[] = [];
  try {
    for await (const batch of trace.batches()) batches.push(batch as RequestColumns);
  } finally {
    await trace.close();
  }
  return { trace: trace as LoadedRequests["trace"], batches };
}

export function stampOf({ trace }: LoadedRequests): TraceStamp {
  const { id, name, kind, format, sha256, rows } = trace;
  return { id, name, kind, format, sha256, rows };
}

/** One policy of one family over requests in memory. */
export async function replayRequests(
  requests: LoadedRequests,
  options: {
    readonly family: "offload" | "conversation";
    readonly policy: string;
    readonly assignments: readonly Assignment[];
    readonly profiles: Profiles;
    readonly seed: number;
    readonly traffic?: ReturnType<typeof createTrafficSink>;
  },
): Promise<ReplayDocument> {
  const { family, profiles, seed } = options;
  const policies = await loadPolicies(family, [options.policy], []);
  const [choice] = choosePolicies(policies, options.assignments, []);
  const { loadEvictions } = await import("../../search/load_evictions.ts");
  const replay = choice.policy.create(choice.params, {
    meta: requests.trace.meta,
    profiles,
    seed,
    seriesPoints: 200,
    evictions: await loadEvictions([family]),
    traffic: options.traffic,
  });
  for (const batch of requests.batches) replay.feed(batch);
  const outcome = replay.finish();
  const { offloadFamily } = await import("../../replay/offload/family.ts");
  const { conversationFamily } = await import("../../replay/conversation/family.ts");
  return replayDocument(
    family === "offload" ? offloadFamily : conversationFamily,
    requests.trace,
    profiles,
    seed,
    [{
      policy: choice.policy.name,
      family,
      params: choice.shown,
      legend: {
        summary: choice.policy.summary,
        reference: choice.policy.reference,
        lossy: choice.policy.lossy ?? false,
      },
      ...outcome,
    }],
  );
}

/**
 * The block traffic that `replay offload` produces for a trace and a policy.
 *
 * @throws usage error for several instances (their traffic is not one order) and for a policy without tiers.
 */
export async function replayTraffic(
  requests: LoadedRequests,
  options: {
    readonly policy: string;
    readonly assignments: readonly Assignment[];
    readonly profiles: Profiles;
    readonly seed: number;
  },
): Promise<{ traffic: Traffic; document: ReplayDocument }> {
  const sink = createTrafficSink();
  const document = await replayRequests(requests, { ...options, family: "offload", traffic: sink });
  const [result] = document.results;
  if (Number(result.params.instances ?? 1) > 1) {
    throw usageError(
      `--set instances=${result.params.instances}: the traffic of several instances has no one order`,
      "replay one instance",
    );
  }
  if (result.params.warmStart === true) {
    throw usageError(
      "--set warmStart=true: blocks that lie in a tier before the trace starts cannot be executed",
      "leave it out",
    );
  }
  const detail = result.detail as {
    storedBytesPerBlock: number;
    tierCapacityBlocks: Record<string, number>;
    lookups: { gpuHitBlocks: number; missedBlocks: number };
  };
  const tiers = Object.keys(detail.tierCapacityBlocks) as TierName[];
  if (tiers.length === 0) {
    throw usageError(
      `--policy ${options.policy}: it keeps no blocks below the GPU, so there is no traffic`,
      "choose kv-offload or hybrid, and a trace with block ids",
    );
  }
  const traffic = sink.finish({
    tiers,
    blockBytes: detail.storedBytesPerBlock,
    gpuHitBlocks: detail.lookups.gpuHitBlocks,
    missBlocks: detail.lookups.missedBlocks,
  });
  return { traffic, document };
}
