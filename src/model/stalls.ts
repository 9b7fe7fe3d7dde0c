import type { Evidence } from "./evidence.ts";

/** Ids of the classes, in the order in which the rule looks for them. */
export const STALL_CLASS_IDS = [
  "gpu_bound",
  "pcie_bound",
  "storage_read_bound",
  "storage_write_bound",
  "host_bound",
  "idle",
  "unknown",
] as const;

export type StallClassId = (typeof STALL_CLASS_IDS)[number];

/** What the machine can do at most; null where nobody measured it and no rating is known. */
export interface StallCeilings {
  readonly pcieBytesPerSecond: number | null;
  readonly readBytesPerSecond: number | null;
  readonly writeBytesPerSecond: number | null;
}

/** Stall attribution of a run as it is kept and shown. */
export interface StallSummary {
  /** Seconds in each class; they add up to the run. */
  readonly seconds: Readonly<Record<StallClassId, number>>;
  /** Seconds that each part of the rule decided; parts that decided none are left out. */
  readonly rules: readonly { readonly rule: string; readonly seconds: number }[];
  readonly hasGpu: boolean;
  readonly storageSeconds: number;
  readonly storageRatio: number;
  /** How the attribution is known: a rule with thresholds over measured counters. */
  readonly evidence: Evidence;
  /** "the GPU waited N s (x %) on storage", with the part of the rule that decided. */
  readonly sentence: string;
  readonly ceilings: StallCeilings;
  /** Stretches of one class: second it begins, seconds it lasts. */
  readonly timeline: readonly {
    readonly class: StallClassId;
    readonly start: number;
    readonly seconds: number;
  }[];
}

/** A class of stall attribution: what a second of a recording was bound by. */
export interface StallClass {
  readonly id: StallClassId;
  readonly title: string;
  /** Which counters decide, and against which ceiling. */
  readonly rule: string;
  /** What usually helps. */
  readonly remedy: string;
}

/**
 * The classes that every second of a recording falls into. Ceilings are the measured ones of
 * `calibrate` where there are any, else the link's or the drive's rating.
 */
export const STALL_CLASSES: readonly StallClass[] = [
  {
    id: "gpu_bound",
    title: "the GPU computed",
    rule:
      "SM activity (DCGM, GPM) of at least 50 % of the second, or of at least 10 % with nothing else " +
      "near its ceiling; utilization.gpu alone does not count: it stays at 100 % while a collective spins",
    remedy: "a faster GPU or less work; storage is not the matter",
  },
  {
    id: "pcie_bound",
    title: "the host link was full",
    rule:
      "PCIe throughput is at least 80 % of the ceiling (measured, else 85 % of the rate of the link's " +
      "generation and width) while SM activity is below 50 %",
    remedy: "move less (compression, hidden states), check for a downgraded link with topo",
  },
  {
    id: "storage_read_bound",
    title: "waiting for reads",
    rule:
      "reads are most of the traffic, and the rate is at least 80 % of the measured ceiling, or every task " +
      "waited for I/O in at least 10 % of the second (PSI full), or the busiest disk was busy 90 % of it",
    remedy: "more or faster drives, a larger DRAM tier, prefetch",
  },
  {
    id: "storage_write_bound",
    title: "waiting for writes",
    rule:
      "writes are most of the traffic, and the rate is at least 80 % of the measured ceiling, or every " +
      "task waited for I/O in at least 10 % of the second (PSI full), or the busiest disk was busy 90 % of it",
    remedy: "write later or less: admission control, asynchronous checkpoints",
  },
  {
    id: "host_bound",
    title: "waiting for host memory or CPU",
    rule:
      "processors are at least 90 % busy, a task waited for CPU in half of the second, or for memory in " +
      "10 % of it (PSI some)",
    remedy: "pin memory, more data loader workers, fewer copies",
  },
  {
    id: "idle",
    title: "nothing to do",
    rule: "GPU, links, drives and CPU are all far below their ceilings",
    remedy: "a fuller batch, or give the machine back",
  },
  {
    id: "unknown",
    title: "cannot be told",
    rule:
      "a kernel ran and SM activity is not known, so a spinning GPU cannot be told from a working one; " +
      "or no counter of the second was read",
    remedy: "record DCGM or GPM counters",
  },
];
