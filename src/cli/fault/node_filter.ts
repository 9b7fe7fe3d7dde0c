import { usageError } from "../../model/errors.ts";
import type { FaultColumns, FaultTraceMeta } from "../../model/trace/faults.ts";
import type { Trace } from "../../model/trace/trace.ts";

/** The names that a pattern with `*` and `?` means. */
function matcher(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

/**
 * The failures of the nodes whose name matches a pattern, such as one system of several in a file. Time begins
 * with the first of them and the observation ends with the last.
 *
 * @throws usage error when no node of the trace matches.
 */
export async function onlyNodes(
  trace: Trace<"faults">,
  pattern: string | undefined,
): Promise<Trace<"faults">> {
  if (pattern === undefined) return trace;
  const test = matcher(pattern);
  const meta = trace.meta as FaultTraceMeta;
  const renumbered = new Map<number, number>();
  meta.nodes.forEach((name, i) => {
    if (test.test(name)) renumbered.set(i, renumbered.size);
  });
  if (renumbered.size === 0) {
    const some = meta.nodes.slice(0, 3).join(", ");
    throw usageError(
      `--nodes: no node of ${trace.name} is named like "${pattern}"`,
      some === "" ? "the trace names no node" : `its nodes are named ${some}, …`,
    );
  }
  const rows: [at: number, kind: number, node: number, down: number][] = [];
  for await (const b of trace.batches()) {
    for (let i = 0; i < b.count; i++) {
      const node = renumbered.get(b.node[i]);
      if (node === undefined) continue;
      rows.push([b.startSeconds[i], b.faultKind[i], node, b.downSeconds[i]]);
    }
  }
  const first = rows[0]?.[0] ?? 0;
  const columns: FaultColumns = {
    kind: "faults",
    count: rows.length,
    startSeconds: Float64Array.from(rows, ([at]) => at - first),
    faultKind: Uint8Array.from(rows, ([, kind]) => kind),
    node: Int32Array.from(rows, ([, , node]) => node),
    downSeconds: Float64Array.from(rows, ([, , , down]) => down),
  };
  return {
    ...trace,
    rows: rows.length,
    meta: {
      ...meta,
      nodeCount: null,
      spanSeconds: (rows.at(-1)?.[0] ?? 0) - first,
      nodes: [...renumbered.keys()].map((i) => meta.nodes[i]),
      domainRows: [],
    },
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}
