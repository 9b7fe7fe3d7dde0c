import type { ReplayContext, ReplayOutcome, RequestOutcome } from "../../../src/model/policy.ts";
import { BUILTIN_HARDWARE } from "../../../src/model/profiles/builtin/hardware.ts";
import { BUILTIN_LLMS } from "../../../src/model/profiles/builtin/llm.ts";
import {
  type HardwareProfile,
  hardwareProfileSchema,
} from "../../../src/model/profiles/hardware.ts";
import type { LlmProfile } from "../../../src/model/profiles/llm.ts";
import type { RequestColumns } from "../../../src/model/trace/requests.ts";
import { POLICIES } from "../../../src/registry/policies.ts";
import { loadEvictions } from "../../../src/search/load_evictions.ts";

/** One request of a test trace; blocks of 64 tokens unless the trace says otherwise. */
export interface TestRequest {
  readonly at: number;
  readonly input: number;
  readonly output: number;
  readonly blocks?: readonly number[];
  readonly session?: number;
  readonly turn?: number;
  readonly think?: number;
}

export function requestColumns(rows: readonly TestRequest[]): RequestColumns {
  const offsets = [0];
  for (const { blocks } of rows) offsets.push(offsets.at(-1)! + (blocks?.length ?? 0));
  return {
    kind: "requests",
    count: rows.length,
    arrivalNs: Float64Array.from(rows, (r) => r.at * 1e9),
    inputTokens: Uint32Array.from(rows, (r) => r.input),
    outputTokens: Uint32Array.from(rows, (r) => r.output),
    session: Int32Array.from(rows, (r) => r.session ?? -1),
    turn: Int32Array.from(rows, (r) => r.turn ?? -1),
    thinkNs: Float64Array.from(rows, (r) => r.think === undefined ? NaN : r.think * 1e9),
    blockOffsets: Uint32Array.from(offsets),
    blockIds: Uint32Array.from(rows.flatMap((r) => [...r.blocks ?? []])),
  };
}

export const BLOCK_TOKENS = 64;

/** A machine whose numbers are easy to reckon with; everything that is not said is the schema's default. */
export const PLAIN_HARDWARE: HardwareProfile = hardwareProfileSchema.parse({
  name: "plain",
  gpu: {
    key: "h100_sxm",
    count: 1,
    memoryBytes: 80e9,
    memoryBytesPerSecond: 2e12,
    bf16Flops: 1e15,
    prefillEfficiency: 0.5,
    decodeBandwidthEfficiency: 1,
  },
  links: {
    hostToDevice: 20e9,
    deviceToHost: 20e9,
    gpuToGpu: 400e9,
    nic: 50e9,
    duplexFactor: 1,
    baseLatencySeconds: 0,
  },
  dram: { capacityBytes: 200e9, bytesPerSecond: 100e9 },
  ssds: [{
    name: "drive",
    count: 2,
    capacityBytes: 1e12,
    readBytesPerSecond: 5e9,
    writeBytesPerSecond: 4e9,
  }],
  remote: {
    name: "store",
    capacityBytes: 1e13,
    readBytesPerSecond: 1e9,
    writeBytesPerSecond: 1e9,
  },
});

export function llm(name: string): LlmProfile {
  const found = BUILTIN_LLMS.find((p) => p.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

export function hardware(name: string): HardwareProfile {
  const found = BUILTIN_HARDWARE.find((p) => p.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

export interface Served {
  readonly outcome: ReplayOutcome;
  readonly requests: readonly RequestOutcome[];
  /** A metric that must be known. */
  metric(id: string): number;
}

/** Replays requests under one policy of the offload family. */
export async function serve(
  policyName: string,
  rows: readonly TestRequest[],
  params: Record<string, unknown> = {},
  profiles: { hardware?: HardwareProfile; llm?: LlmProfile } = {},
): Promise<Served> {
  const policy = await POLICIES.find((p) => p.family === "offload" && p.name === policyName)!
    .load();
  const columns = requestColumns(rows);
  const hasBlocks = rows.some((row) => row.blocks !== undefined);
  const requests: RequestOutcome[] = [];
  const context: ReplayContext<"requests"> = {
    meta: {
      blockTokens: hasBlocks ? BLOCK_TOKENS : null,
      uniqueBlocks: hasBlocks ? Math.max(0, ...columns.blockIds!) + 1 : null,
    },
    profiles: {
      hardware: profiles.hardware ?? PLAIN_HARDWARE,
      llm: profiles.llm ?? llm("llama-3-8b"),
      site: null,
    },
    seed: 1,
    seriesPoints: 100,
    evictions: await loadEvictions(["offload"]),
    onRequest: (outcome) => requests.push(outcome),
  };
  const parsed = policy.params.parse({ intervals: false, iterationOverheadSeconds: 0, ...params });
  const replay = policy.create(parsed, context as ReplayContext);
  replay.feed(hasBlocks ? columns : { ...columns, blockOffsets: null, blockIds: null });
  const outcome = replay.finish();
  return {
    outcome,
    requests: requests.sort((a, b) => a.index - b.index),
    metric(id) {
      const value = outcome.metrics[id]?.value;
      if (typeof value !== "number") throw new Error(`${id} is ${JSON.stringify(value)}`);
      return value;
    },
  };
}
