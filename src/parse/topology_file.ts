import type { PlacedNode } from "../model/trace/faults.ts";
import { csvLine } from "./csv_line.ts";
import { expandHostlist } from "./hostlist.ts";
import { PlaceError } from "./place_error.ts";

/**
 * Reads where the nodes of a cluster stand, in any of three spellings: CSV with a header
 * (`node,rack,switch,power,gpus`; GPUs separated by blanks), JSON (an array of such objects, or an object
 * with `nodes`), or Slurm's `topology.conf` (`SwitchName=leaf1 Nodes=gpu[01-16]`).
 *
 * @throws {PlaceError} with the line for anything else, a node named twice, or no node at all.
 */
export function parseTopology(text: string): PlacedNode[] {
  const body = text.replace(/^\uFEFF/, "");
  const nodes = /^\s*[[{]/.test(body)
    ? fromJson(body)
    : /^\s*SwitchName\s*=/im.test(body)
    ? fromSlurm(body)
    : fromCsv(body);
  if (nodes.length === 0) throw new PlaceError(1, 1, "it names no node");
  const seen = new Set<string>();
  for (const { name } of nodes) {
    if (seen.has(name)) throw new PlaceError(1, 1, `node "${name}" stands in it twice`);
    seen.add(name);
  }
  return nodes;
}

const orNull = (word: string | undefined): string | null => {
  const trimmed = word?.trim() ?? "";
  return trimmed === "" ? null : trimmed;
};

function fromCsv(text: string): PlacedNode[] {
  const encoder = new TextEncoder();
  const nodes: PlacedNode[] = [];
  let header: string[] | null = null;
  text.split("\n").forEach((raw, i) => {
    const line = raw.replace(/\r$/, "");
    if (line.trim() === "" || line.trimStart().startsWith("#")) return;
    const bytes = encoder.encode(line);
    const cells = csvLine(bytes, 0, bytes.length, i + 1).cells.map((cell) => cell.trim());
    if (header === null) {
      header = cells.map((cell) => cell.toLowerCase());
      if (!header.includes("node")) {
        throw new PlaceError(i + 1, 1, `the header "${line.slice(0, 40)}" has no column "node"`);
      }
      return;
    }
    if (cells.length !== header.length) {
      throw new PlaceError(i + 1, 1, `${cells.length} fields, but the header has ${header.length}`);
    }
    const cell = (name: string) => orNull(cells[header!.indexOf(name)]);
    const name = cell("node");
    if (name === null) throw new PlaceError(i + 1, 1, "the node has no name");
    nodes.push({
      name,
      rack: cell("rack"),
      switch: cell("switch"),
      power: cell("power"),
      gpus: (cell("gpus") ?? "").split(/[\s;]+/).filter((gpu) => gpu !== ""),
    });
  });
  return nodes;
}

function fromJson(text: string): PlacedNode[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new PlaceError(1, 1, error instanceof Error ? error.message : String(error));
  }
  const list = Array.isArray(json) ? json : (json as { nodes?: unknown }).nodes;
  if (!Array.isArray(list)) throw new PlaceError(1, 1, 'the JSON has no array "nodes"');
  return list.map((entry: Record<string, unknown>, i) => {
    const word = (key: string): string | null => {
      const value = entry?.[key];
      if (value === undefined || value === null) return null;
      if (typeof value === "string" || typeof value === "number") return orNull(String(value));
      throw new PlaceError(1, 1, `"${key}" of node ${i} is no name`);
    };
    const name = word("name") ?? word("node");
    if (name === null) throw new PlaceError(1, 1, `node ${i} has no "name"`);
    const gpus = entry.gpus ?? [];
    if (!Array.isArray(gpus)) throw new PlaceError(1, 1, `"gpus" of node "${name}" is no array`);
    return {
      name,
      rack: word("rack"),
      switch: word("switch"),
      power: word("power"),
      gpus: gpus.map(String),
    };
  });
}

/** Leaf switches with `Nodes=` say where nodes stand; switches of switches hold no node of their own. */
function fromSlurm(text: string): PlacedNode[] {
  const nodes: PlacedNode[] = [];
  text.split("\n").forEach((raw, i) => {
    const line = raw.replace(/#.*$/, "").trim();
    if (line === "") return;
    const words = new Map(
      line.split(/\s+/).map((word) => {
        const equals = word.indexOf("=");
        return [word.slice(0, Math.max(0, equals)).toLowerCase(), word.slice(equals + 1)];
      }),
    );
    const leaf = words.get("switchname");
    if (leaf === undefined) {
      throw new PlaceError(i + 1, 1, `"${line.slice(0, 40)}" has no SwitchName=`);
    }
    const list = words.get("nodes");
    if (list === undefined) return;
    let names: string[];
    try {
      names = expandHostlist(list);
    } catch (error) {
      throw new PlaceError(i + 1, 1, error instanceof Error ? error.message : String(error));
    }
    for (const name of names) {
      nodes.push({ name, rack: null, switch: leaf, power: null, gpus: [] });
    }
  });
  return nodes;
}
