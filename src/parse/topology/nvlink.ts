import { dataError } from "../../model/errors.ts";
import type { Topology } from "../../model/topology.ts";

/** Whether a text is `nvidia-smi nvlink -s`. */
export function isNvlinkStatus(text: string): boolean {
  return /^GPU \d+: .*\(UUID: /m.test(text);
}

/**
 * `nvidia-smi nvlink --status`: links of each GPU with their speed, or why it has none. The tool ends with 0
 * either way.
 *
 * @throws data error when no GPU is in it (the output is empty on machines without NVLink).
 */
export function parseNvlinkStatus(text: string, label: string): Topology {
  const gpus: {
    name: string;
    links: number;
    gigabytes: number;
    inactive: number;
    why: string | null;
  }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const gpu = /^GPU (\d+): (.*?) \(UUID: /.exec(line.trim());
    if (gpu !== null) {
      gpus.push({
        name: `GPU-${gpu[1]} ${gpu[2]}`,
        links: 0,
        gigabytes: 0,
        inactive: 0,
        why: null,
      });
      continue;
    }
    const open = gpus.at(-1);
    if (open === undefined || line.trim() === "") continue;
    const link = /^Link \d+: (?:([0-9.]+) GB\/s|<?inactive>?)/i.exec(line.trim());
    if (link === null) open.why ??= line.trim();
    else if (link[1] === undefined) open.inactive++;
    else {
      open.links++;
      open.gigabytes += Number(link[1]);
    }
  }
  if (gpus.length === 0) {
    throw dataError(`${label}: no GPU in this output of nvidia-smi nvlink -s`);
  }
  return {
    source: "nvidia-smi nvlink",
    devices: [],
    distances: [],
    notes: gpus.map(({ name, links, gigabytes, inactive, why }) =>
      links === 0
        ? `${name}: no active NVLink${why === null ? "" : ` (${why})`}`
        : `${name}: ${links} NVLinks, ${Number(gigabytes.toFixed(3))} GB/s each way` +
          (inactive === 0 ? "" : `, ${inactive} inactive`)
    ),
  };
}
