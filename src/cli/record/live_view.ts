import type { SampleSeries } from "../../model/trace/samples.ts";
import {
  formatBytes,
  formatDecimalBytes,
  formatNumber,
  formatRatio,
  formatSeconds,
} from "../../model/units.ts";
import { boundTimeShare } from "../../model/trace/time_share.ts";
import { isTerminal, writeText } from "../../runtime/terminal.ts";

/** What of a recording a person watches while it runs. */
export interface LiveView {
  onReading(series: SampleSeries, timeNs: number, value: number | null): void;
  /** The lines for what was read since the last call. */
  lines(nowNs: number, missedTicks: number): string[];
}

interface Latest {
  readonly series: SampleSeries;
  value: number | null;
  timeNs: number;
}

const LAYERED = /^(dm-|md|loop|zram|ram|sr)\d*/;

/** Keeps the newest reading of each series: memory is bounded by their number. */
export function createLiveView(width: number): LiveView {
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
  const sum = (list: readonly { device: string; rate: number }[]) =>
    list.filter((r) => !LAYERED.test(r.device)).reduce((a, r) => a + r.rate, 0);
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;

  const gpuLine = (): string | null => {
    const source = ["nvml", "nvidia-smi", "dcgm"].find((name) => gauge(name, "utilization_ratio"));
    if (source === undefined) return null;
    const used = gauge(source, "utilization_ratio")!;
    const sm = gauge(source, "sm_active_ratio");
    const watts = gauge(source, "power_watts");
    const memory = gauge(source, "memory_used_bytes");
    return [
      `GPU   ${used.length} x ${formatRatio(mean(used))} a kernel ran`,
      sm === null ? null : `SM ${formatRatio(mean(sm))}`,
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
    lines: (nowNs, missedTicks) => {
      const read = rates("block", "read_bytes");
      const busy = rates("block", "busy_seconds").filter((r) => !LAYERED.test(r.device));
      const most = busy.toSorted((a, b) => b.rate - a.rate)[0];
      const idle = sum(rates("cpu", "idle_seconds")) + sum(rates("cpu", "iowait_seconds"));
      const worked = ["user", "system", "nice", "irq", "softirq"]
        .reduce((a, name) => a + sum(rates("cpu", `${name}_seconds`)), 0);
      const stall = rates("pressure", "some_stall_seconds").find((r) => r.device === "io");
      const free = gauge("memory", "available_bytes");
      const dirty = gauge("memory", "dirty_bytes");
      const lines = [
        `recording ${formatSeconds(Math.round(nowNs / 1e9))}` +
        (missedTicks === 0 ? "" : `, ${missedTicks} ticks missed`),
        gpuLine(),
        read.length === 0 ? null : `disk  ${formatDecimalBytes(Math.round(sum(read)))}/s read, ` +
          `${formatDecimalBytes(Math.round(sum(rates("block", "write_bytes"))))}/s written` +
          (most === undefined
            ? ""
            : `, ${most.device} busy ${formatRatio(boundTimeShare(most.rate))}`),
        worked + idle === 0 ? null : `host  CPU ${formatRatio(worked / (worked + idle))}` +
          (free === null ? "" : `, ${formatBytes(free[0])} free`) +
          (dirty === null ? "" : `, ${formatBytes(dirty[0])} dirty`) +
          (stall === undefined ? "" : `, waits for I/O ${formatRatio(boundTimeShare(stall.rate))}`),
      ];
      before = new Map(
        [...latest].filter(([, l]) => l.value !== null)
          .map(([key, l]) => [key, { value: l.value!, timeNs: l.timeNs }]),
      );
      return lines.filter((line) => line !== null).map((line) => line.slice(0, width));
    },
  };
}

const LIVE_MS = 500;
const PLAIN_MS = 10_000;

/**
 * Draws the view on stderr: in place on a terminal, one line every ten seconds elsewhere. A command that writes
 * to the same terminal meanwhile pushes the view up; the next drawing begins below.
 *
 * @returns what ends it and clears what it drew.
 */
export function drawLive(
  view: LiveView,
  state: () => { readonly nowNs: number; readonly missedTicks: number },
): () => void {
  const terminal = isTerminal("stderr");
  let drawn = 0;
  const erase = () => drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`;
  const timer = setInterval(() => {
    const { nowNs, missedTicks } = state();
    const lines = view.lines(nowNs, missedTicks);
    if (!terminal) {
      void writeText("stderr", `${lines.join("; ")}\n`);
      return;
    }
    void writeText("stderr", `${erase()}${lines.join("\n")}\n`);
    drawn = lines.length;
  }, terminal ? LIVE_MS : PLAIN_MS);
  return () => {
    clearInterval(timer);
    if (drawn > 0) void writeText("stderr", erase());
    drawn = 0;
  };
}
