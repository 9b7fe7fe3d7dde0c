import type { HardwareProfile, Quantity, StorageProfile } from "../hardware.ts";
import { GPU_ROWS, type GpuRow } from "./hardware_gpus.ts";
import { MICRON_9550_MAX, SAMSUNG_990_PRO, SAMSUNG_PM9A3 } from "./hardware_ssds.ts";

function assumed(value: number, source: string, spread: { low?: number; high?: number } = {}) {
  return { value, ...spread, evidence: "assumed", source } satisfies Quantity;
}

/**
 * Share of the line rate that a host-to-device copy reaches: 26.03 of 32 GB/s in nvbandwidth's README
 * sample, and 18.56 of 26.03 while the other direction runs (W35).
 */
const LINE_SHARE = 26.03 / 32;
const DUPLEX = 18.56 / 26.03;

function hostLink(gpu: GpuRow): Quantity {
  return assumed(
    gpu.hostBytesPerSecond * LINE_SHARE,
    `${gpu.source}: line rate x 26.03/32 (nvbandwidth README)`,
    { low: gpu.hostBytesPerSecond * 0.6, high: gpu.hostBytesPerSecond },
  );
}

function storage(gpu: GpuRow, gpus: number): StorageProfile[] {
  if (gpu.key === "t4" || gpu.key.startsWith("rtx4090") || gpu.key.startsWith("rtx3090")) {
    return [{ ...SAMSUNG_990_PRO, count: 1 }];
  }
  const count = gpus === 1 ? 1 : 4;
  return [{ ...(gpu.pcieGeneration >= 5 ? MICRON_9550_MAX : SAMSUNG_PM9A3), count }];
}

/** A server with `gpus` of one kind. DRAM and drives are typical of such servers, not measured. */
function server(gpu: GpuRow, gpus: number): HardwareProfile {
  return {
    schema: "spillway/hardware/1",
    name: gpus === 1 ? gpu.key : `${gpu.key}-x${gpus}`,
    nodes: 1,
    gpu: {
      key: gpu.key,
      count: gpus,
      memoryBytes: gpu.memoryBytes,
      memoryBytesPerSecond: assumed(gpu.memoryBytesPerSecond, gpu.source),
      bf16Flops: assumed(gpu.bf16Flops, gpu.source),
      watts: assumed(gpu.watts, gpu.source),
      prefillEfficiency: gpu.prefillEfficiency === null
        ? assumed(0.5, "default", { low: 0.3, high: 0.7 })
        : assumed(gpu.prefillEfficiency, "inference-sim hardware_config.json (calibrated)", {
          low: gpu.prefillEfficiency - 0.1,
          high: 0.7,
        }),
      decodeBandwidthEfficiency: assumed(0.8, "aiconfigurator mem_bw_empirical_scaling_factor", {
        low: 0.5,
        high: 0.9,
      }),
    },
    links: {
      hostToDevice: hostLink(gpu),
      deviceToHost: hostLink(gpu),
      duplexFactor: assumed(DUPLEX, "nvbandwidth README: 18.56 of 26.03 GB/s"),
      gpuToGpu: assumed(gpu.gpuBytesPerSecond ?? gpu.hostBytesPerSecond, gpu.source),
      ...(gpu.nicBytesPerSecond === null
        ? {}
        : { nic: assumed(gpu.nicBytesPerSecond, gpu.source) }),
      baseLatencySeconds: assumed(10e-6, "default"),
    },
    dram: {
      capacityBytes: (gpus === 1 ? 256 : 2048) * 2 ** 30,
      bytesPerSecond: assumed(gpus === 1 ? 200e9 : 400e9, "typical two-socket server"),
    },
    ssds: storage(gpu, gpus),
    remote: null,
    source: `${gpu.source}; DRAM and drives typical of such servers`,
  };
}

const EIGHT = /sxm|^gb|^l40s$|^h100_pcie$|^a100_pcie$|^a10$|^a40$|^rtx_pro/;

/** HCache's testbed (EuroSys 25): A100 40 GB, 4 PM9A3, tensor parallel up to 4; 27.6 GB/s of host link. */
const HCACHE_TESTBED: HardwareProfile = (() => {
  const gpu = GPU_ROWS.find((row) => row.key === "a100_40g_sxm")!;
  const base = server(gpu, 4);
  const link = assumed(27.6e9, "HCache testbed (27.6 GB/s)");
  return {
    ...base,
    name: "hcache-testbed",
    gpu: { ...base.gpu!, prefillEfficiency: assumed(0.7, "reference value of W17 and W18") },
    // The drives' 27.6 GB/s are all that the GPUs get together.
    links: { ...base.links, hostToDevice: link, deviceToHost: link, rootComplex: link },
    ssds: [{ ...SAMSUNG_PM9A3, count: 4 }],
    source: "HCache (EuroSys 25), testbed",
  };
})();

/** Servers with one GPU (`h100_sxm`) and, for data-centre cards, with four and eight (`h100_sxm-x8`). */
export const BUILTIN_HARDWARE: readonly HardwareProfile[] = [
  ...GPU_ROWS.flatMap((gpu) =>
    (EIGHT.test(gpu.key) ? [1, 4, 8] : [1]).map((count) => server(gpu, count))
  ),
  HCACHE_TESTBED,
];
