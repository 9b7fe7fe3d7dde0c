import { dataError } from "../model/errors.ts";

/** One row of nixlbench's table. */
export interface NixlbenchRow {
  readonly blockBytes: number;
  readonly batch: number;
  readonly bytesPerSecond: number;
  readonly latencySeconds: number | null;
}

export interface NixlbenchResult {
  /** From the configuration that it prints before its table; null when it is missing. */
  readonly direction: "read" | "write" | null;
  readonly backend: string | null;
  readonly rows: readonly NixlbenchRow[];
}

/** Whether a text has nixlbench's table. */
export function looksLikeNixlbench(text: string): boolean {
  return /Block Size \(B\)\s+Batch Size\s+/.test(text);
}

/**
 * Reads nixlbench's table by its header, whose columns changed between versions: the bandwidth is
 * `B/W (GB/Sec)` (10^9 bytes), the latency `Avg Lat. (us)`. The last table of the text counts.
 *
 * @throws data error when there is no table, or a row has fewer cells than the header.
 */
export function parseNixlbench(text: string, label: string): NixlbenchResult {
  const lines = text.split("\n");
  const head = lines.findLastIndex((line) => looksLikeNixlbench(line));
  if (head < 0) throw dataError(`${label}: no table of nixlbench`);
  const columns = lines[head].trim().split(/\s{2,}|\t|(?<=\))\s+/).map((c) => c.trim());
  const at = (name: string) => columns.indexOf(name);
  const bandwidth = at("B/W (GB/Sec)");
  if (bandwidth < 0) {
    throw dataError(`${label}:${head + 1}: the table of nixlbench has no column "B/W (GB/Sec)"`);
  }
  const latency = at("Avg Lat. (us)");
  const rows: NixlbenchRow[] = [];
  for (const [i, line] of lines.slice(head + 1).entries()) {
    const cells = line.trim().split(/\s+/).map(Number);
    if (cells.length < 2 || !cells.every(Number.isFinite)) continue;
    if (cells.length < columns.length) {
      throw dataError(
        `${label}:${head + 2 + i}: ${cells.length} cells under ${columns.length} columns`,
        "the output is cut short: run nixlbench again",
      );
    }
    rows.push({
      blockBytes: cells[0],
      batch: cells[1],
      bytesPerSecond: cells[bandwidth] * 1e9,
      latencySeconds: latency < 0 ? null : cells[latency] * 1e-6,
    });
  }
  if (rows.length === 0) throw dataError(`${label}: the table of nixlbench has no row`);
  const direction = /op[_ ]type[^\n]*:\s*(READ|WRITE)\b/i.exec(text)?.[1].toLowerCase();
  return {
    direction: direction === "read" || direction === "write" ? direction : null,
    backend: /^\s*backend\b[^\n]*:\s*(\w+)\s*$/im.exec(text)?.[1] ?? null,
    rows,
  };
}
