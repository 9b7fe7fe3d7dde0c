import type { DomainLevel, FailureTopology } from "../../../model/trace/faults.ts";

/** Levels that hold several nodes. */
const GROUPS = ["rack", "switch", "power"] as const;

/** The failure-domain tree, indexed: which nodes go down with a named GPU, node, rack, switch or feed. */
export interface TopologyIndex {
  readonly count: number;
  /** Nodes that a failure of this name takes along at this level; null for a name the tree lacks. */
  nodesOf(name: string, level: DomainLevel | null): readonly number[] | null;
  /** Nodes that share the domain of a node at a level; the node alone where that domain is unknown. */
  domainOf(node: number, level: DomainLevel): readonly number[];
}

export function indexTopology(topology: FailureTopology): TopologyIndex {
  const nodes = new Map<string, number>();
  const gpus = new Map<string, number>();
  const groups = new Map<string, number[]>();
  const key = (level: string, name: string): string => `${level}\n${name}`;
  topology.nodes.forEach((node, i) => {
    nodes.set(node.name, i);
    for (const gpu of node.gpus) gpus.set(gpu, i);
    for (const level of GROUPS) {
      const name = node[level];
      if (name === null) continue;
      const members = groups.get(key(level, name));
      if (members === undefined) groups.set(key(level, name), [i]);
      else members.push(i);
    }
  });
  const domainOf = (node: number, level: DomainLevel): readonly number[] => {
    if (level === "gpu" || level === "node") return [node];
    const name = topology.nodes[node][level];
    return name === null ? [node] : groups.get(key(level, name))!;
  };
  return {
    count: topology.nodes.length,
    domainOf,
    nodesOf(name, level) {
      const node = nodes.get(name) ?? gpus.get(name);
      if (node !== undefined) return level === null ? [node] : domainOf(node, level);
      // The name of a domain itself; a stated level decides between a rack and a switch of one name.
      for (const group of level === null ? GROUPS : [level]) {
        const members = groups.get(key(group, name));
        if (members !== undefined) return members;
      }
      return null;
    },
  };
}
