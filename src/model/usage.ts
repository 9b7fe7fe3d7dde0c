/**
 * What a run or a replay used of the machine: all that `estimate` reads (DESIGN section 4). Times are
 * seconds, sizes bytes. A replay of one policy and a recording of a real run give the same shape.
 */
export interface Usage {
  readonly wallSeconds: number;
  /** What was produced: the denominators of "per request", "per 1k output tokens", ... */
  readonly functionalUnits: Readonly<Record<string, number>>;
  readonly devices: readonly DeviceUsage[];
  readonly flows: readonly FlowUsage[];
  readonly held: readonly HeldUsage[];
  /** Read from counters; absent in a replay. */
  readonly measured?: MeasuredUsage;
  /** How the numbers above are known. */
  readonly evidence: "measured" | "replayed" | "modelled" | "assumed";
}

export interface DeviceUsage {
  readonly kind: "gpu" | "cpu" | "dram" | "ssd" | "hdd" | "nic" | "node";
  /** Key of the device in the factor tables (`h100_sxm`), when known. */
  readonly key?: string;
  readonly count: number;
  /** Seconds reserved by this work, summed over the devices. */
  readonly reservedSeconds: number;
  /** Seconds busy, summed over the devices; `null` when unknown. */
  readonly busySeconds: number | null;
  /** Set where nothing said what kind the devices are: disks without the kernel's word count as SSDs. */
  readonly kindAssumed?: true;
}

/** Storage and memory tiers a flow or a holding can be on. */
export type TierName = "hbm" | "dram" | "peer_dram" | "ssd" | "hdd" | "remote" | "object";

export interface FlowUsage {
  readonly tier: TierName;
  readonly direction: "read" | "write";
  readonly bytes: number;
  readonly requests: number;
}

export interface HeldUsage {
  readonly tier: TierName;
  readonly byteSeconds: number;
}

export interface MeasuredUsage {
  /** Energy read from counters or integrated from power samples, by device kind. */
  readonly joules?: Readonly<Record<string, number>>;
  /** Share of the wall time that the power samples cover. */
  readonly coverageRatio?: number;
  /** Host bytes by the drive's own SMART counters. */
  readonly ssdHostWrittenBytes?: number;
  readonly ssdMediaWrittenBytes?: number;
  /** Energy of the GPUs by their power samples, where `joules.gpu` comes from counters: a cross-check. */
  readonly gpuIntegralJoules?: number;
  /** Life of the drives so far by their SMART logs. */
  readonly drives?: readonly DriveLife[];
}

export interface DriveLife {
  readonly device: string;
  /** Host bytes written since the drive was made, at the end of the run, and hours it was powered. */
  readonly lifetimeHostBytes: number;
  readonly powerOnHours: number;
}
