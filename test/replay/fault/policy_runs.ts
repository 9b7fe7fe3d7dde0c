import fc from "fast-check";
import type { z } from "zod";
import type { Policy, ReplayOutcome } from "../../../src/model/policy.ts";
import {
  FAULT_KINDS,
  type FaultColumns,
  type FaultKind,
  type FaultTraceMeta,
} from "../../../src/model/trace/faults.ts";
import { POLICIES } from "../../../src/registry/policies.ts";

/** Nodes of the job that properties run over. */
export const NODES = 8;

export interface FaultEvent {
  at: number;
  kind: number;
  node: number;
  down: number;
}

// The policies have different parameters; `any` is their only common supertype.
// deno-lint-ignore no-explicit-any
export type AnyFaultPolicy = Policy<"faults", any> & { readonly params: z.ZodObject };

/** Every registered policy of the family. */
export function loadFaultPolicies(): Promise<AnyFaultPolicy[]> {
  return Promise.all(
    POLICIES.filter((p) => p.family === "fault").map(async (entry) =>
      await entry.load() as unknown as AnyFaultPolicy
    ),
  );
}

export function columnsOf(events: readonly FaultEvent[]): FaultColumns {
  const sorted = [...events].sort((a, b) => a.at - b.at);
  return {
    kind: "faults",
    count: sorted.length,
    startSeconds: Float64Array.from(sorted, (e) => e.at),
    faultKind: Uint8Array.from(sorted, (e) => e.kind),
    node: Int32Array.from(sorted, (e) => e.node),
    downSeconds: Float64Array.from(sorted, (e) => e.down),
  };
}

/** A failure of one of some kinds, at any node or at an unknown one. */
export function eventArbitrary(kinds: readonly FaultKind[]): fc.Arbitrary<FaultEvent> {
  return fc.record({
    at: fc.integer({ min: 0, max: 200_000 }),
    kind: fc.constantFrom(...kinds.map((kind) => FAULT_KINDS.indexOf(kind))),
    node: fc.integer({ min: -1, max: NODES - 1 }),
    down: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.constant(NaN)),
  });
}

/** Replays a policy on events. */
export function runPolicy(
  policy: AnyFaultPolicy,
  events: readonly FaultEvent[],
  set: Record<string, unknown> = {},
  seed = 1,
  meta: Partial<FaultTraceMeta> = {},
): ReplayOutcome {
  const params = policy.params.parse({
    useful: 50_000,
    gpus: NODES * 8,
    bytes: 1e12,
    mtbf: 20_000,
    ...set,
  });
  const replay = policy.create(params, {
    meta: { nodeCount: NODES, spanSeconds: 400_000, nodes: [], ...meta },
    profiles: { hardware: null, llm: null, site: null },
    seed,
    seriesPoints: 100,
  });
  replay.feed(columnsOf(events));
  return replay.finish();
}

export function valueOf(outcome: ReplayOutcome, id: string): number {
  return Number(outcome.metrics[id].value);
}
