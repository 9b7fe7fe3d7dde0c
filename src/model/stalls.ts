/** A class of stall attribution: what a second of a recording was bound by. */
export interface StallClass {
  readonly id: string;
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
      "SM activity (DCGM, GPM) is high; utilization.gpu alone does not count: it stays at 100 % " +
      "while a collective spins",
    remedy: "a faster GPU or less work; storage is not the matter",
  },
  {
    id: "pcie_bound",
    title: "the host link was full",
    rule: "PCIe throughput is near the link's measured ceiling while SM activity is low",
    remedy: "move less (compression, hidden states), check for a downgraded link with topo",
  },
  {
    id: "storage_read_bound",
    title: "waiting for reads",
    rule: "read rate is near the drive's measured ceiling, or I/O pressure is up while drives read",
    remedy: "more or faster drives, a larger DRAM tier, prefetch",
  },
  {
    id: "storage_write_bound",
    title: "waiting for writes",
    rule:
      "write rate is near the drive's measured ceiling, or I/O pressure is up while drives write",
    remedy: "write later or less: admission control, asynchronous checkpoints",
  },
  {
    id: "host_bound",
    title: "waiting for host memory or CPU",
    rule: "CPU or memory pressure (PSI) is up, or all cores are busy",
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
    rule: "SM activity is not known, so a spinning GPU cannot be told from a working one",
    remedy: "record DCGM or GPM counters",
  },
];
