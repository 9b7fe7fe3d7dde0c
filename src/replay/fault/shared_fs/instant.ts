import { type FailureList, readFailure } from "../failure_list.ts";
import type { NodePool } from "../node_pool.ts";
import type { Failure } from "../plan.ts";
import type { Stragglers } from "../stragglers.ts";

/** What a trace says of one instant. */
export interface Instant {
  /** Failures of nodes that were up. */
  readonly group: readonly Failure[];
  readonly added: boolean;
  readonly slower: boolean;
  /** Seconds of a planned stop; 0 when there is none. */
  readonly planned: number;
  /** First row after the instant. */
  readonly next: number;
}

/** Reads the rows up to a time, noting nodes and stragglers; nothing fails while a quiet job stalls. */
export function readInstant(
  list: FailureList,
  first: number,
  now: number,
  pool: NodePool | null,
  stragglers: Stragglers,
  quiet: boolean,
): Instant {
  const group: Failure[] = [];
  let [added, slower, planned, next] = [false, false, 0, first];
  for (; next < list.count && list.seconds[next] <= now; next++) {
    const event = readFailure(list, next);
    if (event.kind === "node_added") added = pool?.add(event.node, now) || added;
    else if (quiet) continue;
    else if (event.kind === "straggler") {
      stragglers.add(now + event.downSeconds);
      slower = true;
    } else if (event.kind === "planned") planned = Math.max(planned, event.downSeconds || 0);
    else if (pool === null || pool.fail(event.node, now, event.downSeconds)) group.push(event);
  }
  return { group, added, slower, planned, next };
}
