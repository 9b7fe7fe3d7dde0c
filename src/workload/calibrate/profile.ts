import type { EngineProfile } from "../../model/profiles/engine.ts";
import type { HardwareProfile, StoragePoint } from "../../model/profiles/hardware.ts";
import type { Quantity } from "../../model/profiles/quantity.ts";
import { type Measurement, toQuantity } from "./measurement.ts";

/** Facts about the machine that are read, not measured. */
export interface MachineFacts {
  readonly name: string;
  readonly dramBytes: number;
  /** Free and total bytes of the file system that was measured. */
  readonly capacityBytes: number;
  readonly directory: string;
  readonly pcie: HardwareProfile["pcie"];
  /** Day of the measurement, ISO 8601. */
  readonly asOf: string;
}

/** What was measured beside the single numbers. */
export interface MeasuredParts {
  readonly measurements: readonly Measurement[];
  readonly points: readonly StoragePoint[];
  readonly engine: EngineProfile | null;
  /** A profile whose GPU is taken over (`--gpu`); its numbers keep their own evidence. */
  readonly base: HardwareProfile | null;
}

/**
 * A hardware profile of what was measured. What could not be measured here (a GPU, its links) is left null
 * or has the evidence `assumed`: nothing is invented.
 */
export function profileOf(parts: MeasuredParts, facts: MachineFacts): HardwareProfile {
  const find = (id: string) => parts.measurements.find((m) => m.id === id);
  const quantity = (id: string): Quantity | undefined => {
    const found = find(id);
    return found === undefined ? undefined : toQuantity(found, facts.asOf);
  };
  const read = quantity("sequential_read_bytes_per_second");
  const write = quantity("sequential_write_bytes_per_second");
  const matmul = quantity("matmul_flops");
  const assumed = (value: number) => ({
    value,
    evidence: "assumed" as const,
    source: "default",
  });
  const { base } = parts;
  const hbm = quantity("hbm_bytes_per_second");
  const gpu = base?.gpu ?? null;
  return {
    schema: "spillway/hardware/1",
    name: facts.name,
    nodes: 1,
    gpu: gpu === null ? null : { ...gpu, memoryBytesPerSecond: hbm ?? gpu.memoryBytesPerSecond },
    links: {
      ...base?.links,
      hostToDevice: quantity("host_to_device_bytes_per_second") ?? base?.links.hostToDevice,
      deviceToHost: quantity("device_to_host_bytes_per_second") ?? base?.links.deviceToHost,
      gpuToGpu: quantity("gpu_to_gpu_bytes_per_second") ?? base?.links.gpuToGpu,
      storageToGpu: quantity("storage_to_gpu_read_bytes_per_second"),
      gpuToStorage: quantity("storage_to_gpu_write_bytes_per_second"),
      duplexFactor: quantity("duplex_ratio") ?? base?.links.duplexFactor ?? assumed(0.713),
      baseLatencySeconds: base?.links.baseLatencySeconds ?? assumed(10e-6),
    },
    cpu: matmul === undefined ? null : { threads: 1, matmulFlops: matmul },
    pcie: facts.pcie,
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
      points: parts.points.length === 0 ? undefined : [...parts.points],
      enduranceBytes: null,
    }],
    remote: null,
    engine: parts.engine,
    source: `measured by spillway calibrate on ${facts.asOf}`,
  };
}
