import { z } from "zod";
import { bytesParam, secondsParam } from "../../model/params.ts";
import type { FaultKind } from "../../model/trace/faults.ts";
import type { StorageTier } from "../shared/storage_tier.ts";
import { ALLOCATIONS } from "./domains/place_job.ts";
import { PATH_PARAMS } from "./save_path.ts";
import { SHARED_PARAMS } from "./shared_fs/shared_params.ts";
import { SPARE_PARAMS } from "./spare_pool.ts";

/** Parameters that every fault policy has: the job and its recovery. */
export const JOB_PARAMS = {
  useful: secondsParam().nullable().default(null)
    .describe("useful training time of the whole job; 30 days when not given"),
  iteration: secondsParam().default(10).describe("time of an iteration"),
  iterationEnds: z.array(z.number().positive()).nullable().default(null)
    .describe("ends of recorded iterations, seconds; --iterations FILE fills it"),
  iterationTokens: z.number().positive().nullable().default(null)
    .describe("tokens of an iteration; --iterations FILE fills it where its log says"),
  gpus: z.number().int().positive().nullable().default(null)
    .describe("GPUs of the job; all nodes that the trace knows when not given"),
  gpusPerNode: z.number().int().positive().default(8).describe("GPUs in a node"),
  allocation: z.enum(ALLOCATIONS).default("packed")
    .describe("nodes the job takes of a known topology: packed, or scattered over racks"),
  bytes: bytesParam().default(0).describe("bytes of a checkpoint of the whole job; 0 when unknown"),
  ...PATH_PARAMS,
  ...SPARE_PARAMS,
  ...SHARED_PARAMS,
  mtbf: secondsParam().nullable().default(null)
    .describe("mean time between failures for young, daly, exact; from the trace when not given"),
  restart: secondsParam().default(300).describe("detection to training again, load included"),
  detect: z.union([z.literal("by-kind"), secondsParam()]).default(0)
    .describe("detection before the restart: a time, or by-kind for each kind's usual time"),
  diagnose: secondsParam().default(0).describe("diagnosis before the restart"),
  wait: secondsParam().default(0).describe("wait for a replacement node (requeue)"),
  load: secondsParam().nullable().default(null)
    .describe(
      "reading the checkpoint after the restart; from bytes / readBandwidth when both are given",
    ),
  restartImmune: z.boolean().default(true).describe("failures during a recovery are ignored"),
  repair: secondsParam().default(86_400).describe(
    "down time of a node, and length of a planned stop, where the trace does not say",
  ),
  slowdown: z.number().min(1).default(1.34)
    .describe("iteration time while a node straggles over the normal one (FALCON 1.34)"),
  stragglerFound: secondsParam().default(600)
    .describe("until a straggler is found, where the trace does not say (MegaScale: 10 min)"),
  sdcDelay: secondsParam().default(4289)
    .describe(
      "how long silent corruption went unseen (ByteRobust Table 6): newer copies are tainted",
    ),
} as const;

export const jobSchema = z.strictObject(JOB_PARAMS);
export type JobParams = z.infer<typeof jobSchema>;

/** The parameters with what the trace and the profiles fill in. */
export type Resolved<P extends JobParams> = Omit<P, "gpus" | "useful"> & {
  readonly gpus: number;
  readonly useful: number;
  /** The store of checkpoints. */
  readonly store: StorageTier;
};
export type Job = Resolved<JobParams>;

/** Useful time of a job when neither the user nor a recorded run says: a month. */
export const DEFAULT_USEFUL_SECONDS = 30 * 86_400;

/** How long a failure goes unseen, seconds, by kind: ByteRobust section 2, torchft, PyTorch defaults. */
const DETECTION: Readonly<Record<FaultKind, number>> = {
  software: 60,
  hang: 1800,
  gpu: 60,
  node: 30,
  network: 60,
  sdc: 60,
  preemption: 0,
  straggler: 60,
  node_added: 0,
  unknown: 60,
  planned: 0,
};

/** Seconds until a failure of this kind is seen. */
export function detectSeconds(p: Pick<JobParams, "detect">, kind: FaultKind): number {
  return p.detect === "by-kind" ? DETECTION[kind] : p.detect;
}

/** Nodes of the job. */
export function jobNodes(p: { readonly gpus: number; readonly gpusPerNode: number }): number {
  return Math.max(1, Math.ceil(p.gpus / p.gpusPerNode));
}

/** Whether what lies in a node's DRAM outlives a failure of this kind (reference: survival table). */
export function dramSurvives(kind: FaultKind): boolean {
  return kind === "software" || kind === "hang" || kind === "gpu" || kind === "straggler";
}
