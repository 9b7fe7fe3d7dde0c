import { z } from "zod";
import { bytesParam, rateParam, secondsParam } from "../../model/params.ts";
import type { FaultKind } from "../../model/trace/faults.ts";

/** Parameters that every fault policy has: the job and its recovery. */
export const JOB_PARAMS = {
  useful: secondsParam().default(30 * 86_400).describe("useful training time of the whole job"),
  iteration: secondsParam().default(10).describe("time of an iteration"),
  gpus: z.number().int().positive().default(1).describe("GPUs of the job"),
  gpusPerNode: z.number().int().positive().default(8).describe("GPUs in a node"),
  bytes: bytesParam().default(0).describe("bytes of a checkpoint of the whole job; 0 when unknown"),
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
  readBandwidth: rateParam().default(0).describe(
    "read bandwidth of the checkpoint store for the job",
  ),
  restartImmune: z.boolean().default(true).describe("failures during a recovery are ignored"),
  repair: secondsParam().default(86_400).describe(
    "down time of a node where the trace does not say",
  ),
  sdcDelay: secondsParam().default(4289)
    .describe(
      "how long silent corruption went unseen (ByteRobust Table 6): newer copies are tainted",
    ),
} as const;

export const jobSchema = z.strictObject(JOB_PARAMS);
export type JobParams = z.infer<typeof jobSchema>;

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
};

/** Seconds until a failure of this kind is seen. */
export function detectSeconds(p: Pick<JobParams, "detect">, kind: FaultKind): number {
  return p.detect === "by-kind" ? DETECTION[kind] : p.detect;
}

/** Seconds to read the checkpoint back. */
export function loadSeconds(p: Pick<JobParams, "load" | "bytes" | "readBandwidth">): number {
  if (p.load !== null) return p.load;
  return p.bytes > 0 && p.readBandwidth > 0 ? p.bytes / p.readBandwidth : 0;
}

/** Nodes of the job. */
export function jobNodes(p: Pick<JobParams, "gpus" | "gpusPerNode">): number {
  return Math.max(1, Math.ceil(p.gpus / p.gpusPerNode));
}

/** Whether what lies in a node's DRAM outlives a failure of this kind (reference: survival table). */
export function dramSurvives(kind: FaultKind): boolean {
  return kind === "software" || kind === "hang" || kind === "gpu" || kind === "straggler";
}
