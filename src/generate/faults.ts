import type { GeneratedFault } from "../stats/failure_process.ts";

export {
  type FaultTraceParams,
  type GeneratedFault,
  generateFaults,
} from "../stats/failure_process.ts";

/** The trace as CSV: `start_seconds,node,kind,down_seconds`. */
export function faultCsv(faults: readonly GeneratedFault[]): string {
  const rows = faults.map((f) => `${f.startSeconds},n${f.node},${f.kind},${f.downSeconds}\n`);
  return `start_seconds,node,kind,down_seconds\n${rows.join("")}`;
}
