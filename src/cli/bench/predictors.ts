import type { EngineProfile } from "../../model/profiles/engine.ts";
import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import type { Json } from "../../model/json.ts";
import type { Claim } from "../../model/prediction.ts";
import type { PolicyResult, ReplayDocument } from "../../model/results.ts";
import type { WorkloadPrediction } from "../../workload/workload.ts";
import { THROTTLE_SLICE_SECONDS } from "../../runtime/io_throttle.ts";
import type { Assignment } from "../replay_params.ts";
import { type LoadedRequests, replayRequests, stampOf } from "./inputs.ts";

/** Metrics of a conversation that are claimed, and the bar of each; 0 means equal. */
const CONVERSATION_CLAIMS: readonly (readonly [metric: string, within: number])[] = [
  ["ttft_mean_seconds", 0.15],
  ["restore_seconds", 0.15],
  ["save_seconds", 0.15],
  ["serving_seconds", 0.15],
  ["resident_turns", 0],
  ["restored_turns", 0],
  ["recomputed_turns", 0],
  ["evaluated_tokens", 0],
  ["ssd_read_bytes", 0],
  ["ssd_written_bytes", 0],
];

/** A hardware profile that holds nothing but an engine. */
export function engineHardware(engine: EngineProfile): HardwareProfile {
  const assumed = (value: number) => ({
    value,
    evidence: "assumed" as const,
    source: "default",
  });
  return {
    schema: "spillway/hardware/1",
    name: "this machine",
    nodes: 1,
    gpu: null,
    links: { duplexFactor: assumed(0.713), baseLatencySeconds: assumed(10e-6) },
    dram: null,
    ssds: [],
    remote: null,
    engine,
    source: "measured before the prediction",
  };
}

/** Claims out of a replayed result: counts and bytes exactly, times within the family's bars. */
export function claimsOf(
  result: PolicyResult,
  wanted: readonly (readonly [string, number])[],
  residual: number | null,
): Claim[] {
  return wanted.flatMap(([id, within]): Claim[] => {
    const metric = result.metrics[id];
    if (metric === undefined || metric.value === null) return [];
    const predicted = Number(metric.value);
    // A time of exactly 0 says that nothing of the kind happens; the count beside it claims that already.
    if (within > 0 && predicted === 0) return [];
    return [{
      quantity: id,
      unit: metric.unit as Claim["unit"],
      predicted,
      low: metric.low ?? null,
      high: metric.high ?? null,
      within,
      assumption: within === 0
        ? "turns, tokens and bytes follow from the trace and the policy"
        : "the engine's times follow the calibrated laws, turn by turn",
      calibrationResidual: within === 0 ? null : residual,
    }];
  });
}

/** Parameters of `bench conversation` that `replay conversation` has too. */
export function conversationAssignments(
  params: Readonly<Record<string, unknown>>,
): Assignment[] {
  const given = ["readBandwidth", "stateBytes", "turns", "tokenDivisor"]
    .filter((key) => params[key] !== null && params[key] !== undefined)
    .map((key) => ({ policy: null, key, value: String(params[key]) }));
  // The run's reads are limited by a control group, which works in slices.
  const slice = { policy: null, key: "limitSlice", value: String(THROTTLE_SLICE_SECONDS) };
  return params.readBandwidth === null ? given : [...given, slice];
}

/** Replays a conversation under a calibrated engine and claims its metrics. */
export async function predictConversation(
  requests: LoadedRequests,
  engine: EngineProfile,
  residual: number | null,
  params: Readonly<Record<string, unknown>>,
  seed: number,
): Promise<WorkloadPrediction & { readonly document: ReplayDocument }> {
  const document = await replayRequests(requests, {
    family: "conversation",
    policy: String(params.policy),
    assignments: conversationAssignments(params),
    profiles: { hardware: engineHardware(engine), llm: null, site: null },
    seed,
  });
  const [result] = document.results;
  return {
    document,
    claims: claimsOf(result, CONVERSATION_CLAIMS, residual),
    inputs: {
      family: "conversation",
      policy: result.policy,
      params: result.params as Json,
      trace: stampOf(requests) as unknown as Json,
      engine: engine as unknown as Json,
      seed,
    },
  };
}
