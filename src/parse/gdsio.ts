import { dataError } from "../model/errors.ts";

/** One line of gdsio's result. */
export interface GdsioRun {
  readonly direction: "read" | "write";
  /** `GPUD`: storage to GPU memory directly; `CPUONLY`: to host memory; `CPU_GPU`: through a bounce buffer. */
  readonly path: string;
  readonly threads: number;
  readonly ioBytes: number;
  readonly bytesPerSecond: number;
  readonly latencySeconds: number;
}

const GIB = 2 ** 30;
const KIB = 2 ** 10;

const LINE = new RegExp(
  String.raw`IoType:\s*(\w+)\s+XferType:\s*(\w+)\s+Threads:\s*(\d+)\s+` +
    String.raw`DataSetSize:\s*\d+\/\d+\(KiB\)\s+IOSize:\s*(\d+)\(KiB\)\s+` +
    String.raw`Throughput:\s*([0-9.]+)\s*GiB\/sec,\s*Avg_Latency:\s*([0-9.]+)\s*usecs`,
);

/** Whether a text has lines of gdsio. */
export function looksLikeGdsio(text: string): boolean {
  return /IoType:\s*\w+\s+XferType:/.test(text);
}

/**
 * Reads the result lines of gdsio (GPUDirect Storage's benchmark); its throughput is GiB a second. Other
 * lines are passed over.
 *
 * @throws data error when a result line cannot be read, or there is none.
 */
export function parseGdsio(text: string, label: string): GdsioRun[] {
  const runs: GdsioRun[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (!line.includes("IoType:")) continue;
    const match = LINE.exec(line);
    const direction = match?.[1].toLowerCase().replace(/^rand/, "");
    if (match === null || (direction !== "read" && direction !== "write")) {
      throw dataError(
        `${label}:${i + 1}: no result line of gdsio: "${line.slice(0, 80)}"`,
        "a line is IoType, XferType, Threads, DataSetSize, IOSize, Throughput, Avg_Latency",
      );
    }
    runs.push({
      direction,
      path: match[2],
      threads: Number(match[3]),
      ioBytes: Number(match[4]) * KIB,
      bytesPerSecond: Number(match[5]) * GIB,
      latencySeconds: Number(match[6]) * 1e-6,
    });
  }
  if (runs.length === 0) throw dataError(`${label}: no result line of gdsio`);
  return runs;
}
