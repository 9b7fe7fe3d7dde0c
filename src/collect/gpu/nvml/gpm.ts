import { gpuFieldIndex } from "../../../parse/gpu/fields.ts";
import { scaled } from "../../../parse/gpu/quantity.ts";
import { type Reading, reading } from "../../../parse/reading.ts";
import type { Nvml, NvmlDevice } from "./api.ts";
import { nvmlReason } from "./errors.ts";
import { GPM_METRIC, GPM_METRICS_GET, GPM_SUPPORT } from "./layout.ts";

/** GPM metrics by field: id in nvml.h, factor from its unit (percent, MiB a second). */
const METRICS: readonly (readonly [field: string, id: number, factor: number])[] = [
  ["graphics_active_ratio", 1, 0.01],
  ["sm_active_ratio", 2, 0.01],
  ["sm_occupancy_ratio", 3, 0.01],
  ["tensor_active_ratio", 5, 0.01],
  ["dram_active_ratio", 10, 0.01],
  ["pcie_tx_bytes_per_second", 20, 2 ** 20],
  ["pcie_rx_bytes_per_second", 21, 2 ** 20],
];

/** Performance monitoring of one GPU (Hopper and newer): what the SMs did between two samples. */
export interface GpmReader {
  /** Readings over the time since the last call; none at the first. */
  read(): readonly Reading[];
  close(): void;
}

/** The reader, or null where the GPU or the driver has no GPM. */
export function createGpmReader(nvml: Nvml, { device, handle }: NvmlDevice): GpmReader | null {
  const support = new Uint8Array(GPM_SUPPORT.size);
  const supportView = new DataView(support.buffer);
  supportView.setUint32(GPM_SUPPORT.version, 1, true);
  const asked = nvml.call("nvmlGpmQueryDeviceSupport", handle, support);
  if (asked !== 0 || supportView.getUint32(GPM_SUPPORT.isSupportedDevice, true) === 0) return null;
  const samples: bigint[] = [];
  for (let i = 0; i < 2; i++) {
    const out = new Uint8Array(8);
    if (nvml.call("nvmlGpmSampleAlloc", out) !== 0) break;
    samples.push(new DataView(out.buffer).getBigUint64(0, true));
  }
  const close = () => {
    for (const sample of samples.splice(0)) nvml.call("nvmlGpmSampleFree", sample);
  };
  if (samples.length < 2) {
    close();
    return null;
  }
  const fields = gpuFieldIndex();
  const get = new Uint8Array(GPM_METRICS_GET.headSize + METRICS.length * GPM_METRIC.size);
  const view = new DataView(get.buffer);
  let taken = 0;
  return {
    read: () => {
      const newest = samples[taken % 2];
      const code = nvml.call("nvmlGpmSampleGet", handle, newest);
      if (code !== 0) {
        return METRICS.map(([field]) =>
          reading(device, fields.get(field)!, null, nvmlReason(code))
        );
      }
      taken++;
      if (taken < 2) return [];
      view.setUint32(GPM_METRICS_GET.version, 1, true);
      view.setUint32(GPM_METRICS_GET.numMetrics, METRICS.length, true);
      view.setBigUint64(GPM_METRICS_GET.sample1, samples[taken % 2], true);
      view.setBigUint64(GPM_METRICS_GET.sample2, newest, true);
      METRICS.forEach(([, id], i) =>
        view.setUint32(GPM_METRICS_GET.headSize + i * GPM_METRIC.size, id, true)
      );
      const got = nvml.call("nvmlGpmMetricsGet", get);
      return METRICS.map(([field, , factor], i) => {
        const at = GPM_METRICS_GET.headSize + i * GPM_METRIC.size;
        const own = got !== 0 ? got : view.getUint32(at + GPM_METRIC.nvmlReturn, true);
        const value = view.getFloat64(at + GPM_METRIC.value, true);
        const known = own === 0 && Number.isFinite(value);
        return reading(
          device,
          fields.get(field)!,
          known ? scaled(value, factor) : null,
          nvmlReason(own) ?? "GPM has no value yet",
        );
      });
    },
    close,
  };
}
