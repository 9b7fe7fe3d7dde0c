import { dataError } from "../../model/errors.ts";
import type { DeviceDistance, Topology } from "../../model/topology.ts";
import { smiFailure } from "../gpu/smi_failure.ts";

// deno-lint-ignore no-control-regex
const ANSI = /\x1b\[[0-9;]*m/g;
const DISTANCE = /^(X|NV\d+|PIX|PXB|PHB|NODE|SYS)$/;

/** Whether a text is the matrix of `nvidia-smi topo -m`. */
export function isSmiTopo(text: string): boolean {
  const first = text.replace(ANSI, "").split(/\r?\n/).find((line) => line.trim() !== "") ?? "";
  return /^\s*GPU0\b/.test(first) && !/^GPU0\s*:/.test(first);
}

/**
 * The matrix of `nvidia-smi topo -m`: cells are separated by tabs and may be empty; lines of network cards
 * have fewer cells. Escape codes for underlining are there even in a pipe.
 *
 * @throws data error with the tool's words when there is no matrix.
 */
export function parseSmiTopo(text: string, label: string): Topology {
  const lines = text.replace(ANSI, "").split(/\r?\n/);
  const head = lines.findIndex((line) => /^\s*GPU0\b/.test(line));
  if (head < 0) {
    const failure = smiFailure(text);
    throw dataError(
      `${label}: no matrix of nvidia-smi topo -m${failure === null ? "" : `: ${failure}`}`,
      "record it with nvidia-smi topo -m on Linux",
    );
  }
  const split = (line: string) =>
    (line.includes("\t") ? line.split("\t") : line.trim().split(/\s{2,}/)).map((c) => c.trim());
  const names = split(lines[head]).filter((name) => name !== "");
  const columns = names.filter((name) => !/affinity|NUMA/i.test(name));
  const distances: DeviceDistance[] = [];
  const rows: string[] = [];
  const cards: string[] = [];
  for (const line of lines.slice(head + 1)) {
    const nic = /^\s*(NIC\d+):\s*(\S+)\s*$/.exec(line);
    if (nic !== null) {
      cards.push(`${nic[1]} is ${nic[2]}`);
      continue;
    }
    const cells = split(line);
    if (!columns.includes(cells[0])) continue;
    rows.push(cells[0]);
    columns.forEach((column, i) => {
      const distance = cells[i + 1] ?? "";
      if (!DISTANCE.test(distance)) {
        throw dataError(
          `${label}: ${
            cells[0]
          } to ${column} is "${distance}", expected NV#, PIX, PXB, PHB, NODE or SYS`,
        );
      }
      if (distance !== "X") distances.push({ a: cells[0], b: column, distance });
    });
  }
  const missing = columns.filter((name) => !rows.includes(name));
  return {
    source: "nvidia-smi topo",
    devices: [],
    distances,
    notes: [
      `${rows.filter((r) => r.startsWith("GPU")).length} GPUs, ` +
      `${rows.filter((r) => !r.startsWith("GPU")).length} network cards`,
      ...(missing.length === 0 ? [] : [`no line for ${missing.join(", ")}`]),
      ...cards,
    ],
  };
}
