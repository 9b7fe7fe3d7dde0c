import { layeredDevices } from "../../analyze/layered.ts";
import type { SampleSeries } from "../../model/trace/samples.ts";
import {
  formatBytes,
  formatDecimalBytes,
  formatNumber,
  formatRatio,
  formatSeconds,
} from "../../model/units.ts";
import { boundTimeShare } from "../../model/trace/time_share.ts";

/** What of a recording a person watches while it runs. */
export interface LiveView {
  onReading(series: SampleSeries, timeNs: number, value: number | null): void;
  /** At most {@link LIVE_LINES} lines of at most `width` characters for what was read since the last call. */
  lines(nowNs: number, missedTicks: number, width: number): string[];
}

export const LIVE_LINES = 4;

/** A share as a person reads it while it changes: whole percents. */
const percent = (ratio: number) => formatRatio(Math.round(100 * ratio) / 100);

interface Latest {
  readonly series: SampleSeries;
  value: number | null;
  timeNs: number;
}

/** Keeps the newest reading of each series: memory is bounded by their number. */
export function createLiveView(): LiveView {
  const latest = new Map<string, Latest>();
  let before = new Map<string, { value: number; timeNs: number }>();
  const of = (source: string, field: string) =>
    [...latest.values()].filter((l) => l.series.source === source && l.series.field === field);
  const gauge = (source: string, field: string) => {
    const known = of(source, field).map((l) => l.value).filter((v) => v !== null);
    return known.length === 0 ? null : known;
  };
  /** Growth a second since the last drawing, by device. */
  const rates = (source: string, field: string): { device: string; rate: number }[] =>
    of(source, field).flatMap((l) => {
      const old = before.get(`${source}\0${l.series.device}\0${field}`);
      if (old === undefined || l.value === null || l.timeNs <= old.timeNs) return [];
      return [{
        device: l.series.device,
        rate: Math.max(0, l.value - old.value) / ((l.timeNs - old.timeNs) / 1e9),
      }];
    });
  const own = <T extends { readonly device: string }>(list: readonly T[]): T[] => {
    const layered = layeredDevices(list.map((r) => r.device));
    return list.filter((r) => !layered.has(r.device));
  };
  const sum = (list: readonly { device: string; rate: number }[]) =>
    own(list).reduce((a, r) => a + r.rate, 0);
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;

  const gpuLine = (): string | null => {
    const source = ["nvml", "nvidia-smi", "dcgm"].find((name) => gauge(name, "utilization_ratio"));
    if (source === undefined) return null;
    const used = gauge(source, "utilization_ratio")!;
    const sm = gauge(source, "sm_active_ratio");
    const watts = gauge(source, "power_watts");
    const memory = gauge(source, "memory_used_bytes");
    return [
      `GPU   ${used.length} x ${percent(mean(used))} a kernel ran`,
      sm === null ? null : `SM ${percent(mean(sm))}`,
      watts === null ? null : `${formatNumber(Math.round(watts.reduce((a, b) => a + b, 0)))} W`,
      memory === null ? null : `${formatBytes(Math.max(...memory))} used`,
    ].filter((part) => part !== null).join(", ");
  };

  return {
    onReading: (series, timeNs, value) => {
      const key = `${series.source}\0${series.device}\0${series.field}`;
      const known = latest.get(key);
      if (known === undefined) latest.set(key, { series, value, timeNs });
      else {
        known.value = value;
        known.timeNs = timeNs;
      }
    },
    lines: (nowNs, missedTicks, width) => {
      const read = rates("block", "read_bytes");
      const busy = own(rates("block", "busy_seconds"));
      const most = busy.toSorted((a, b) => b.rate - a.rate)[0];
      const idle = sum(rates("cpu", "idle_seconds")) + sum(rates("cpu", "iowait_seconds"));
      const worked = ["user", "system", "nice", "irq", "softirq"]
        .reduce((a, name) => a + sum(rates("cpu", `${name}_seconds`)), 0);
      const stall = rates("pressure", "some_stall_seconds").find((r) => r.device === "io");
      const free = gauge("memory", "available_bytes");
      const dirty = gauge("memory", "dirty_bytes");
      const lines = [
        `spillway records, ${formatSeconds(Math.round(nowNs / 1e9))}` +
        (missedTicks === 0 ? "" : `, ${missedTicks} ticks missed`),
        gpuLine(),
        read.length === 0 ? null : `disk  ${formatDecimalBytes(Math.round(sum(read)))}/s read, ` +
          `${formatDecimalBytes(Math.round(sum(rates("block", "write_bytes"))))}/s written` +
          (most === undefined ? "" : `, ${most.device} busy ${percent(boundTimeShare(most.rate))}`),
        worked + idle === 0 ? null : `host  CPU ${percent(worked / (worked + idle))}` +
          (free === null ? "" : `, ${formatBytes(free[0])} free`) +
          (dirty === null ? "" : `, ${formatBytes(dirty[0])} dirty`) +
          (stall === undefined ? "" : `, waits for I/O ${percent(boundTimeShare(stall.rate))}`),
      ];
      before = new Map(
        [...latest].filter(([, l]) => l.value !== null)
          .map(([key, l]) => [key, { value: l.value!, timeNs: l.timeNs }]),
      );
      return lines.filter((line) => line !== null).map((line) => line.slice(0, width));
    },
  };
}
