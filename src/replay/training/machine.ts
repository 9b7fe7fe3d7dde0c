import { z } from "zod";
import { usageError } from "../../model/errors.ts";
import { bytesParam, rateParam } from "../../model/params.ts";
import type { HardwareProfile, Quantity } from "../../model/profiles/hardware.ts";
import type { StepProfile } from "../../model/step_profile.ts";

/** Parameters of the machine that every policy of a described step has; null: from trace or profile. */
export const MACHINE_PARAMS = {
  gpus: z.number().int().positive().nullable().default(null).describe("GPUs of the job"),
  memory: bytesParam().nullable().default(null).describe("usable memory of a GPU"),
  memoryUtilization: z.number().positive().max(1).default(0.95)
    .describe("share of a GPU's memory that tensors may use, when memory is not given"),
  link: rateParam().nullable().default(null).describe("host link of one GPU, each direction"),
  peer: z.enum(["auto", "nvlink", "host"]).default("auto")
    .describe("GPUs talk over links of their own or over their host links; auto: by bandwidth"),
  gpusPerRoot: z.number().int().positive().default(4).describe("GPUs behind one root complex"),
  rootBandwidth: rateParam().nullable().default(null)
    .describe("bandwidth of a root complex, each direction; null: never a limit"),
  cpuUpdate: z.number().positive().nullable().default(null)
    .describe("parameters a second that the CPU's Adam updates; null: from host memory"),
} as const;

export const machineSchema = z.strictObject(MACHINE_PARAMS);
export type MachineParams = z.infer<typeof machineSchema>;

/** What a policy that takes only some of them leaves at their defaults. */
export function defaultMachineParams(): MachineParams {
  return machineSchema.parse({});
}

/** One server as a training step sees it. Rates are bytes a second in one direction. */
export interface Machine {
  readonly gpus: number;
  /** Key in the factor tables; null when the description names no GPU. */
  readonly gpuKey: string | null;
  readonly memoryBytes: number;
  readonly uploadBytesPerSecond: number;
  readonly downloadBytesPerSecond: number;
  readonly duplexFactor: number;
  readonly latencySeconds: number;
  /** Between GPUs, in each direction; Infinity when the description leaves it out. */
  readonly peerBytesPerSecond: number;
  /** True when GPUs exchange over their host links, so that both share the bandwidth. */
  readonly peerOverHost: boolean;
  /** Root complex of each GPU, and the bandwidth they share (Infinity: no limit). */
  readonly roots: readonly number[];
  readonly rootBytesPerSecond: number;
  readonly dramBytes: number;
  readonly dramBytesPerSecond: number;
  readonly ssdBytes: number;
  readonly ssdReadBytesPerSecond: number;
  readonly ssdWriteBytesPerSecond: number;
  readonly ssdCount: number;
  readonly ssdName: string | null;
  /** Adam updates a second, in parameters. */
  readonly cpuUpdatesPerSecond: number;
  readonly gpuUpdatesPerSecond: number;
}

/**
 * Host memory that one update of Adam moves: reads gradient (2), master weight, momentum and variance (12),
 * writes those back (12) and the 16-bit weight (2).
 */
export const UPDATE_BYTES = 28;
/** Share of the host memory's bandwidth that a vectorised CPU Adam reaches: assumed. */
const CPU_ADAM_SHARE = 0.5;

/** A link counts as one of its own when it is clearly faster than the host link. */
const OWN_LINK_FACTOR = 1.5;

/** What the hardware profile says, for a step that names no machine. @throws usage error. */
function profiled(hardware: HardwareProfile | null, p: MachineParams): Machine {
  if (hardware === null || hardware.gpu === null) {
    throw usageError(
      hardware === null
        ? "replay training needs a machine: its memory and bandwidths decide what pays"
        : `the hardware profile "${hardware.name}" has no GPU`,
      "add --hardware a100_sxm-x8, or a JSON file that describes the server",
    );
  }
  const { gpu, links, dram, ssds } = hardware;
  const up = links.hostToDevice?.value ?? p.link;
  if (up === null) {
    throw usageError(
      `the hardware profile "${hardware.name}" has no links.hostToDevice`,
      "add it to the profile, or give --set link=26GB/s",
    );
  }
  const gpus = p.gpus ?? gpu.count * hardware.nodes;
  const sum = (pick: (s: typeof ssds[number]) => number) =>
    hardware.nodes * ssds.reduce((total, s) => total + s.count * pick(s), 0);
  const rate = (quantity: Quantity) => quantity.value;
  const peer = links.gpuToGpu?.value ?? up;
  const dramRate = hardware.nodes * (dram?.bytesPerSecond?.value ?? Infinity);
  return {
    gpus,
    gpuKey: gpu.key,
    memoryBytes: gpu.memoryBytes * p.memoryUtilization,
    uploadBytesPerSecond: up,
    downloadBytesPerSecond: links.deviceToHost?.value ?? up,
    duplexFactor: links.duplexFactor.value,
    latencySeconds: links.baseLatencySeconds.value,
    peerBytesPerSecond: peer,
    peerOverHost: peer < OWN_LINK_FACTOR * up,
    roots: [],
    rootBytesPerSecond: Infinity,
    dramBytes: hardware.nodes * (dram?.capacityBytes ?? Infinity),
    dramBytesPerSecond: dramRate,
    ssdBytes: sum((s) => s.capacityBytes),
    ssdReadBytesPerSecond: sum((s) => rate(s.readBytesPerSecond)),
    ssdWriteBytesPerSecond: sum((s) => rate(s.writeBytesPerSecond)),
    ssdCount: hardware.nodes * ssds.reduce((n, s) => n + s.count, 0),
    ssdName: ssds[0]?.name ?? null,
    cpuUpdatesPerSecond: CPU_ADAM_SHARE * dramRate / UPDATE_BYTES,
    gpuUpdatesPerSecond: gpu.memoryBytesPerSecond.value * gpu.decodeBandwidthEfficiency.value /
      UPDATE_BYTES,
  };
}

/** A machine that a description gives by three numbers: nothing else limits it. */
function described(machine: NonNullable<StepProfile["machine"]>): Machine {
  return {
    gpus: machine.gpus,
    gpuKey: null,
    memoryBytes: machine.memoryBytes,
    uploadBytesPerSecond: machine.linkBytesPerSecond,
    downloadBytesPerSecond: machine.linkBytesPerSecond,
    duplexFactor: 1,
    latencySeconds: 0,
    peerBytesPerSecond: Infinity,
    peerOverHost: false,
    roots: [],
    rootBytesPerSecond: Infinity,
    dramBytes: Infinity,
    dramBytesPerSecond: Infinity,
    ssdBytes: 0,
    ssdReadBytesPerSecond: 0,
    ssdWriteBytesPerSecond: 0,
    ssdCount: 0,
    ssdName: null,
    cpuUpdatesPerSecond: Infinity,
    gpuUpdatesPerSecond: Infinity,
  };
}

/**
 * The machine of a replay: what the step describes, else the hardware profile; parameters win over both.
 *
 * @throws usage error when nothing names a machine.
 */
export function machineOf(
  step: StepProfile | undefined,
  hardware: HardwareProfile | null,
  p: MachineParams,
): Machine {
  const given = step?.machine ?? null;
  const base = given === null ? profiled(hardware, p) : described(given);
  const gpus = p.gpus ?? base.gpus;
  const link = p.link ?? null;
  return {
    ...base,
    gpus,
    memoryBytes: p.memory ?? base.memoryBytes,
    uploadBytesPerSecond: link ?? base.uploadBytesPerSecond,
    downloadBytesPerSecond: link ?? base.downloadBytesPerSecond,
    peerOverHost: p.peer === "auto" ? base.peerOverHost : p.peer === "host",
    roots: Array.from({ length: gpus }, (_, g) => Math.floor(g / p.gpusPerRoot)),
    rootBytesPerSecond: p.rootBandwidth ?? Infinity,
    cpuUpdatesPerSecond: p.cpuUpdate ?? base.cpuUpdatesPerSecond,
  };
}
