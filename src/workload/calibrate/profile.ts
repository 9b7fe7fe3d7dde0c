import type { HardwareProfile } from "../../model/profiles/hardware.ts";
import { type Measurement, toQuantity } from "./measurement.ts";

/** Facts about the machine that are read, not measured. */
export interface MachineFacts {
  readonly name: string;
  readonly dramBytes: number;
  /** Free and total bytes of the file system that was measured. */
  readonly capacityBytes: number;
  readonly directory: string;
  /** Day of the measurement, ISO 8601. */
  readonly asOf: string;
}

/**
 * A hardware profile of what was measured. What could not be measured here (a GPU, its links) is left null:
 * nothing is invented.
 */
export function profileOf(
  measurements: readonly Measurement[],
  facts: MachineFacts,
): HardwareProfile {
  const find = (id: string) => measurements.find((m) => m.id === id);
  const quantity = (id: string) => {
    const found = find(id);
    return found === undefined ? undefined : toQuantity(found, facts.asOf);
  };
  const read = quantity("sequential_read_bytes_per_second");
  const write = quantity("sequential_write_bytes_per_second");
  const assumed = (value: number) => ({
    value,
    evidence: "assumed" as const,
    source: "default",
  });
  return {
    schema: "spillway/hardware/1",
    name: facts.name,
    nodes: 1,
    gpu: null,
    links: { duplexFactor: assumed(0.713), baseLatencySeconds: assumed(10e-6) },
    dram: {
      capacityBytes: facts.dramBytes,
      bytesPerSecond: quantity("dram_copy_bytes_per_second"),
    },
    ssds: read === undefined || write === undefined ? [] : [{
      name: "measured file system",
      count: 1,
      capacityBytes: facts.capacityBytes,
      readBytesPerSecond: read,
      writeBytesPerSecond: write,
      readLatencySeconds: quantity("read_latency_seconds"),
      writeLatencySeconds: quantity("write_latency_seconds"),
      readIops: quantity("random_read_iops"),
      writeIops: quantity("random_write_iops"),
      fsyncSeconds: quantity("fsync_seconds"),
      enduranceBytes: null,
    }],
    remote: null,
    source: `measured by spillway calibrate on ${facts.asOf}`,
  };
}
