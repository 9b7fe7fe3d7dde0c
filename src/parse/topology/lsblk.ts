import { dataError, messageOf } from "../../model/errors.ts";
import type { Topology } from "../../model/topology.ts";

type Loose = Record<string, unknown>;

/** Whether a text is `lsblk --json`. */
export function isLsblk(text: string): boolean {
  return /^\s*\{\s*"blockdevices"\s*:/.test(text);
}

const SIZES: Readonly<Record<string, number>> = { "": 1, B: 1, K: 10, M: 20, G: 30, T: 40, P: 50 };

/** Sizes are numbers with -b, else `63.8M` in powers of 1024. */
function bytesOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  const match = /^([0-9.,]+)\s*([BKMGTP]?)$/.exec(String(value ?? ""));
  if (match === null) return null;
  const power = SIZES[match[2]];
  const number = Number(match[1].replace(",", "."));
  return match[2] === "" || match[2] === "B" ? number : Math.round(number * 2 ** power);
}

/** A disk or partition; names of file systems and serial numbers are left out. */
export interface BlockNode {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number | null;
  readonly rotational: boolean | null;
  readonly model: string | null;
  readonly parent: string | null;
}

/** `lsblk --json`, with or without `-b`, `-o` and children. @throws data error when it is none. */
export function parseLsblk(text: string, label: string): BlockNode[] {
  let json: Loose;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw dataError(`${label}: the JSON of lsblk is cut short or damaged (${messageOf(error)})`);
  }
  if (!Array.isArray(json.blockdevices) || json.blockdevices.length === 0) {
    throw dataError(`${label}: no block device in this output of lsblk`);
  }
  const nodes: BlockNode[] = [];
  const visit = (value: unknown, parent: string | null) => {
    const node = value as Loose;
    const name = String(node.name ?? "").replace(/^\/dev\//, "");
    const rota = node.rota;
    nodes.push({
      name,
      type: String(node.type ?? "unknown"),
      sizeBytes: bytesOf(node.size),
      rotational: rota === undefined || rota === null ? null : rota === true || rota === "1",
      model: typeof node.model === "string" ? node.model.trim() : null,
      parent,
    });
    if (Array.isArray(node.children)) { for (const child of node.children) visit(child, name); }
  };
  for (const device of json.blockdevices) visit(device, null);
  return nodes;
}

/** The disks of lsblk as notes of a topology: which they are and what lies on them. */
export function lsblkTopology(text: string, label: string): Topology {
  const nodes = parseLsblk(text, label);
  const disks = nodes.filter((node) => node.parent === null);
  return {
    source: "lsblk",
    devices: [],
    distances: [],
    notes: disks.map(({ name, type, model, rotational }) => {
      const below = nodes.filter((node) => node.parent === name).map((node) => node.name);
      return `${name}: ${type}${model === null ? "" : ` ${model}`}` +
        (rotational === null ? "" : rotational ? ", spins" : ", solid state") +
        (below.length === 0 ? "" : `, with ${below.join(", ")}`);
    }),
  };
}
