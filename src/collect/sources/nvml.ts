import { environmentVariable } from "../../runtime/terminal.ts";
import type { Reading } from "../../parse/reading.ts";
import { type Nvml, type NvmlDevice, openNvml } from "../gpu/nvml/api.ts";
import { createDeviceReader, type DeviceReader } from "../gpu/nvml/device_reader.ts";
import { nvmlReason } from "../gpu/nvml/errors.ts";
import { createGpmReader, type GpmReader } from "../gpu/nvml/gpm.ts";
import { createRetry, type Retry } from "../gpu/retry.ts";
import { createSeriesBook } from "../gpu/series_book.ts";
import type { OpenSource, SampleSink, Source, SourceContext, SourceProbe } from "../source.ts";

const libraryPath = () => environmentVariable("SPILLWAY_NVML_LIBRARY");

/** What changes slowly is read once a second. */
const SLOW_NS = 1e9;

async function probe(): Promise<SourceProbe> {
  const opened = await openNvml(libraryPath());
  if (!("nvml" in opened)) {
    return {
      status: opened.status,
      reason: opened.reason,
      remedy: opened.status === "denied"
        ? "run with --allow-ffi, or let nvidia-smi be used"
        : "install the NVIDIA driver, when this machine has such a GPU; in a container mount it " +
          "(--gpus all)",
      devices: [],
    };
  }
  const { nvml } = opened;
  try {
    const { devices, reason } = nvml.devices();
    const driver = nvml.driverVersion();
    return {
      status: devices.length === 0 ? "absent" : reason === null ? "ok" : "partial",
      reason: reason ?? (devices.length === 0 ? "no NVIDIA GPU is here" : null),
      remedy: reason === null ? null : "nvidia-smi -r resets a GPU that is lost",
      devices: devices.map((d) => `${d.device} ${d.name ?? ""}`.trim()),
      facts: Object.fromEntries(
        devices.map((d) => [d.device, { name: d.name, address: d.busId, driver }]),
      ),
    };
  } finally {
    nvml.close();
  }
}

/** One GPU being read. */
interface Slot {
  readonly gpu: NvmlDevice;
  reader: DeviceReader;
  gpm: GpmReader | null;
  readonly retry: Retry;
  /** Why it cannot be read now; null while it can. */
  lost: string | null;
  measuring: boolean;
  waiting: { timeNs: number; readings: readonly Reading[] } | null;
}

/** A GPU found again: by its bus address, since a driver that leaves a lost GPU out numbers the others anew. */
function sameGpu(found: readonly NvmlDevice[], gpu: NvmlDevice): NvmlDevice | undefined {
  return gpu.busId === null
    ? found.find((d) => d.device === gpu.device)
    : found.find((d) => d.busId === gpu.busId);
}

function open(context: SourceContext, nvml: Nvml): OpenSource {
  const book = createSeriesBook("nvml");
  const slotOf = (gpu: NvmlDevice): Slot => ({
    gpu,
    reader: createDeviceReader(nvml, gpu),
    gpm: createGpmReader(nvml, gpu),
    retry: createRetry(),
    lost: null,
    measuring: false,
    waiting: null,
  });
  let slots = nvml.devices().devices.map(slotOf);
  let nextSlowNs = 0;
  let problem: string | null = null;
  let closed = false;

  const lose = (sink: SampleSink, slot: Slot, reason: string) => {
    slot.lost = reason;
    problem ??= `${slot.gpu.device}: ${reason}`;
    book.lose(sink, reason, slot.gpu.device);
  };

  /** After a loss handles are worth nothing: the library is begun anew and GPUs are looked for again. */
  const comeBack = (sink: SampleSink) => {
    for (const slot of slots) slot.gpm?.close();
    const failed = nvml.restart();
    const found = failed === null ? nvml.devices().devices : [];
    slots = slots.map((slot) => {
      const gpu = sameGpu(found, slot.gpu);
      if (gpu === undefined) {
        slot.gpm = null;
        if (slot.lost === null) lose(sink, slot, failed ?? "the GPU is no longer listed");
        return slot;
      }
      // Whether it really is back shows the next reading.
      return { ...slotOf({ ...gpu, device: slot.gpu.device }), retry: slot.retry };
    });
  };

  /** Throughput is measured elsewhere for 40 ms; its readings are pushed at the next tick. */
  const measure = (sink: SampleSink, slot: Slot) => {
    if (slot.gpm !== null || slot.measuring || slot.lost !== null) return;
    const pending = slot.reader.throughput();
    if (pending === null) {
      for (const one of slot.reader.noThroughput()) book.push(sink, one);
      return;
    }
    slot.measuring = true;
    const timeNs = context.nowNs();
    pending.then((readings) => {
      if (!closed) slot.waiting = { timeNs, readings };
    }).finally(() => slot.measuring = false);
  };

  const readSlot = (sink: SampleSink, slot: Slot, slow: boolean) => {
    if (slot.lost !== null) return;
    const parts = [slot.reader.fast(), ...(slow ? [slot.reader.slow()] : [])];
    const loss = parts.find((part) => part.lossCode !== 0)?.lossCode ?? 0;
    for (const { readings } of parts) for (const one of readings) book.push(sink, one);
    if (loss !== 0) return lose(sink, slot, nvmlReason(loss)!);
    slot.retry.succeeded();
    for (const one of slot.gpm?.read() ?? []) book.push(sink, one);
  };

  return {
    sample(sink) {
      const nowNs = context.nowNs();
      const slow = nowNs >= nextSlowNs;
      for (const slot of slots) {
        if (slot.waiting === null) continue;
        sink.at(slot.waiting.timeNs);
        for (const one of slot.waiting.readings) book.push(sink, one);
        slot.waiting = null;
      }
      sink.at(nowNs);
      const lost = slots.filter((slot) => slot.lost !== null);
      if (lost.length > 0 && lost[0].retry.due(nowNs) && !slots.some((s) => s.measuring)) {
        comeBack(sink);
      }
      for (const slot of slots) readSlot(sink, slot, slow);
      if (!slow) return;
      nextSlowNs = nowNs + SLOW_NS;
      for (const slot of slots) measure(sink, slot);
    },
    failure: () => problem,
    close: async () => {
      closed = true;
      for (let i = 0; i < 20 && slots.some((s) => s.measuring); i++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      for (const slot of slots) slot.gpm?.close();
      nvml.close();
    },
  };
}

export const source: Source = {
  name: "nvml",
  summary: "every counter of NVIDIA GPUs, read from the driver's library without a child process",
  minIntervalNs: 0,
  probe,
  open: async (context) => {
    const opened = await openNvml(libraryPath());
    if (!("nvml" in opened)) throw new Error(opened.reason);
    return open(context, opened.nvml);
  },
};
