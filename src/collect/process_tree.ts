import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { Buffer } from "node:buffer";

/** A process that belongs to the recorded tree. */
export interface TreeMember {
  readonly pid: number;
  /** Pid of the parent when it was found; 0 for the root. */
  readonly parent: number;
}

/** Keeps the set of processes that descend from a root, also after their parents ended. */
export interface ProcessTree {
  /** Looks for new descendants; costs a directory listing and a small read for each thread. */
  discover(): void;
  members(): Iterable<TreeMember>;
  size(): number;
  /** Forgets a process that is gone. */
  forget(pid: number): void;
}

const scratch = Buffer.allocUnsafe(16384);

function smallFile(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    return scratch.toString("latin1", 0, readSync(descriptor, scratch, 0, scratch.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Follows the tree through `/proc/<pid>/task/<tid>/children` (CONFIG_PROC_CHILDREN), and where the kernel
 * lacks that file by reading the parent of every process.
 */
export function createProcessTree(proc: string, root: number): ProcessTree {
  const members = new Map<number, TreeMember>([[root, { pid: root, parent: 0 }]]);
  let childrenFiles: boolean | null = null;

  const childrenOf = (pid: number): number[] => {
    const found: number[] = [];
    for (const tid of readdirSync(`${proc}/${pid}/task`)) {
      try {
        const text = smallFile(`${proc}/${pid}/task/${tid}/children`);
        childrenFiles = true;
        for (const child of text.split(" ")) if (child.trim() !== "") found.push(Number(child));
      } catch (error) {
        if (childrenFiles === null && (error as NodeJS.ErrnoException).code === "ENOENT") {
          childrenFiles = false;
        }
      }
    }
    return found;
  };

  const byParent = (): Map<number, number[]> => {
    const children = new Map<number, number[]>();
    for (const entry of readdirSync(proc)) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const stat = readFileSync(`${proc}/${entry}/stat`, "latin1");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        const list = children.get(parent);
        if (list === undefined) children.set(parent, [Number(entry)]);
        else list.push(Number(entry));
      } catch {
        // Ended between the listing and the read.
      }
    }
    return children;
  };

  return {
    discover: () => {
      const all = childrenFiles === false ? byParent() : null;
      const queue = [...members.keys()];
      while (queue.length > 0) {
        const pid = queue.pop()!;
        let children: number[];
        try {
          children = all === null ? childrenOf(pid) : all.get(pid) ?? [];
        } catch {
          continue;
        }
        for (const child of children) {
          if (members.has(child)) continue;
          members.set(child, { pid: child, parent: pid });
          queue.push(child);
        }
      }
    },
    members: () => members.values(),
    size: () => members.size,
    forget: (pid) => members.delete(pid),
  };
}
