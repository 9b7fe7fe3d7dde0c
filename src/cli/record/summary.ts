import type { RunRecord, SourceStatus } from "../../model/results.ts";
import {
  formatBytes,
  formatDecimalBytes,
  formatJoules,
  formatNumber,
  formatRatio,
  formatSeconds,
} from "../../model/units.ts";
import type { Metrics } from "../../model/metric.ts";
import { wrapText } from "../wrap.ts";

function number(metrics: Metrics, id: string): number | null {
  const value = metrics[id]?.value;
  return typeof value === "number" ? value : null;
}

/** `label  text` lines that wrap under their text. */
function row(label: string, text: string, width: number): string {
  const indent = 12;
  const lines = wrapText(text, Math.max(20, width - indent));
  return lines.map((line, i) => (i === 0 ? `  ${label}`.padEnd(indent) : " ".repeat(indent)) + line)
    .join("\n");
}

/** What a machine does not have is normal: of more than this many only the names. */
const EXPLAINED_ABSENT = 2;

function sourceText(sources: readonly SourceStatus[]): string {
  const fine = sources.filter((s) => s.status === "ok").map((s) => s.name);
  const absent = sources.filter((s) => s.status === "absent");
  const short = absent.length > EXPLAINED_ABSENT;
  const explained = sources.filter((s) => s.status !== "ok" && !(short && s.status === "absent"))
    .map((s) => `${s.name} ${s.status} (${s.reason ?? "no reason"})`);
  return [
    fine.length > 0 ? `${fine.join(", ")} ok` : "",
    ...explained,
    short ? `${absent.map((s) => s.name).join(", ")} absent (spillway doctor says why)` : "",
  ].filter((t) => t !== "").join("; ");
}

function exitText(run: RunRecord): string {
  if (run.command.length === 0) return "";
  if (run.exit.signal !== null) return `; the command was ended by ${run.exit.signal}`;
  return run.exit.code === null ? "" : `; the command ended with ${run.exit.code}`;
}

/** What a person wants to know of a run that just ended; a dozen lines at most. */
export function renderRunSummary(run: RunRecord, id: string | null, width: number): string {
  const m = run.metrics;
  const wall = run.durationNs / 1e9;
  const lines: string[] = [];
  const title = id === null ? `recorded "${run.name}"` : `recorded ${id} "${run.name}"`;
  lines.push(...wrapText(
    `${title}: ${formatSeconds(wall)} at ${formatSeconds(run.intervalNs / 1e9)}, ` +
      `${run.status}${exitText(run)}`,
    width,
  ));
  if (run.statusReason !== null) lines.push(row("partial", run.statusReason, width));
  lines.push(row("sources", sourceText(run.sources), width));
  const written = number(m, "disk_written_bytes");
  const read = number(m, "disk_read_bytes");
  const busy = number(m, "disk_busy_ratio");
  if (written !== null && read !== null) {
    const most = busy === null ? "" : `; the busiest was busy ${formatRatio(busy)} of the time`;
    lines.push(row(
      "disks",
      `${formatDecimalBytes(written)} written, ${formatDecimalBytes(read)} read${most}`,
      width,
    ));
  }
  const childWritten = number(m, "child_written_bytes");
  const childRead = number(m, "child_read_bytes");
  const childCpu = number(m, "child_cpu_seconds");
  const resident = number(m, "child_peak_resident_bytes");
  if (childWritten !== null && childRead !== null && run.command.length > 0) {
    const rest = (childCpu === null ? "" : `, ${formatSeconds(childCpu)} of CPU`) +
      (resident === null ? "" : `, at most ${formatBytes(resident)} resident`);
    lines.push(row(
      "command",
      `${formatDecimalBytes(childWritten)} written, ${formatDecimalBytes(childRead)} read${rest}`,
      width,
    ));
  }
  const cpu = number(m, "cpu_busy_ratio");
  const dirty = number(m, "peak_dirty_bytes");
  const memory = number(m, "peak_memory_used_bytes");
  if (cpu !== null && dirty !== null && memory !== null) {
    lines.push(row(
      "host",
      `processors ${formatRatio(cpu)} busy, memory up to ${formatBytes(memory)}, ` +
        `dirty pages up to ${formatBytes(dirty)}`,
      width,
    ));
  }
  const some = number(m, "io_pressure_some_seconds");
  const full = number(m, "io_pressure_full_seconds");
  if (some !== null && wall > 0) {
    lines.push(row(
      "stalls",
      `a task waited for I/O ${formatSeconds(some)} (${formatRatio(Math.min(1, some / wall))})` +
        (full === null ? "" : `, all tasks ${formatSeconds(full)}`),
      width,
    ));
  }
  if (run.stalls !== undefined && (run.stalls.hasGpu || run.stalls.storageSeconds > 0)) {
    lines.push(row("waiting", `${run.stalls.sentence} [${run.stalls.evidence}]`, width));
  }
  const joules = number(m, "gpu_energy_joules");
  const util = number(m, "gpu_utilization_ratio");
  if (util !== null) {
    lines.push(row(
      "GPUs",
      `a kernel ran ${formatRatio(util)} of the time` +
        (joules === null ? "" : `, ${formatJoules(joules)}`),
      width,
    ));
  }
  const share = number(m, "recorder_cpu_ratio");
  const { ticks, missedTicks, latenessP99Ns, peakRssBytes } = run.recorder;
  lines.push(row(
    "recorder",
    `${share === null ? "" : `${formatRatio(share)} of one core, `}${formatBytes(peakRssBytes)}; ` +
      `${formatNumber(missedTicks)} of ${formatNumber(ticks + missedTicks)} ticks missed, ` +
      `99 % at most ${formatSeconds(latenessP99Ns / 1e9)} late`,
    width,
  ));
  if (run.marks.length > 0) {
    lines.push(row(
      "marks",
      run.marks.slice(0, 8).map((mark) => `${mark.name} at ${formatSeconds(mark.timeNs / 1e9)}`)
        .join(", ") + (run.marks.length > 8 ? `, and ${run.marks.length - 8} more` : ""),
      width,
    ));
  }
  if (id !== null) lines.push(row("next", `spillway show ${id}, spillway estimate ${id}`, width));
  return lines.join("\n") + "\n";
}
