import type { SampleSeries } from "../model/trace/samples.ts";
import { layeredDevices } from "./layered.ts";
import type { SeriesTotal } from "./series_totals.ts";

/** One series with its totals. */
export interface SeriesResult {
  readonly series: SampleSeries;
  readonly total: SeriesTotal;
}

/** The totals of a run, found by source, device and field. */
export interface RunView {
  readonly all: readonly SeriesResult[];
  get(source: string, device: string, field: string): SeriesTotal | null;
  devices(source: string): string[];
  /** Totals of a field over all devices of a source that have it known at least once. */
  known(source: string, field: string): SeriesResult[];
}

export function createRunView(all: readonly SeriesResult[]): RunView {
  const index = new Map(
    all.map((r) => [keyOf(r.series.source, r.series.device, r.series.field), r]),
  );
  return {
    all,
    get: (source, device, field) => index.get(keyOf(source, device, field))?.total ?? null,
    devices: (source) => [
      ...new Set(all.filter((r) => r.series.source === source).map((r) => r.series.device)),
    ],
    known: (source, field) =>
      all.filter((r) =>
        r.series.source === source && r.series.field === field && r.total.count > 0
      ),
  };
}

function keyOf(source: string, device: string, field: string): string {
  return `${source}\0${device}\0${field}`;
}

/** Sources that read GPUs, the one that says most first; one run uses one of them. */
export const GPU_SOURCES: readonly string[] = ["nvml", "nvidia-smi", "dcgm"];

/**
 * The whole GPUs of a source. `GPU-0/pid-17` and `GPU-0/MIG-…` are parts of one: to add them to it
 * would count the same silicon twice. Readings of no device (a count of processes) are of the host.
 */
export function wholeGpus(view: RunView, source: string): string[] {
  return view.devices(source).filter((device) => device !== "" && !device.includes("/"));
}

/** Totals of a field over the whole GPUs that have it known at least once. */
export function knownOfGpus(view: RunView, source: string, field: string): SeriesResult[] {
  return view.known(source, field).filter((r) => !r.series.device.includes("/"));
}

/** The GPU source of a run that gave readings, or null. */
export function gpuSourceOf(view: RunView): string | null {
  return GPU_SOURCES.find((source) =>
    view.all.some((r) => r.series.source === source && r.total.count > 0)
  ) ?? null;
}

/**
 * Disks whose bytes are real: a layered device (`dm-0`, `md0`) repeats what its disks do, a loop device
 * what its file does.
 */
export function storageDevices(view: RunView): string[] {
  const names = view.devices("block");
  const layered = layeredDevices(names);
  return names.filter((name) => !layered.has(name));
}
