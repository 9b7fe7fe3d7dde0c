import { choose, ratio } from "./forms/combinatorics.ts";

/** Where the copies of a node's shard lie. */
export const PLACEMENTS = ["group", "ring", "mixed", "spread"] as const;
export type Placement = (typeof PLACEMENTS)[number];

/**
 * Whether every shard has a holder left when these nodes lost their memory. `group`: floor(N/m) groups of
 * neighbours, the remainder in the last; `ring`: a shard lies on its node and the next m-1; `mixed`: groups,
 * but a last one that is too large is a ring of its own (Gemini, section 4.2); `spread`: groups whose members
 * are N/m apart, so that a rack or switch holds one of each.
 *
 * @param m Copies of a shard, its own included.
 */
export function copiesSurvive(
  nodes: number,
  m: number,
  placement: Placement,
  lost: ReadonlySet<number>,
): boolean {
  if (lost.size < m) return true;
  if (placement === "ring") return ringSurvives(0, nodes, m, lost);
  const groups = Math.max(1, Math.floor(nodes / m));
  const first = (groups - 1) * m;
  if (placement === "mixed" && nodes % m !== 0 && !ringSurvives(first, nodes - first, m, lost)) {
    return false;
  }
  const groupOf = (node: number): number =>
    placement === "spread" ? node % groups : Math.min(groups - 1, Math.floor(node / m));
  const counts = new Map<number, number>();
  for (const node of lost) counts.set(groupOf(node), (counts.get(groupOf(node)) ?? 0) + 1);
  for (const [group, count] of counts) {
    if (count >= groupSize(nodes, m, groups, group, placement)) return false;
  }
  return true;
}

/** Whether no m neighbours of the ring of `size` nodes from `first` on are lost together. */
function ringSurvives(
  first: number,
  size: number,
  m: number,
  lost: ReadonlySet<number>,
): boolean {
  for (const node of lost) {
    if (node < first || node >= first + size) continue;
    let held = false;
    for (let i = 1; i < m && !held; i++) held = !lost.has(first + (node - first + i) % size);
    if (!held) return false;
  }
  return true;
}

function groupSize(
  nodes: number,
  m: number,
  groups: number,
  group: number,
  placement: Placement,
): number {
  if (placement === "spread") return Math.floor((nodes - group + groups - 1) / groups);
  return group === groups - 1 ? nodes - (groups - 1) * m : m;
}

/**
 * Probability that the loss of any m nodes at once leaves every shard a holder: the fewest losses that can be
 * fatal, all sets of m equally likely (independent failures). Counts the fatal sets of each placement.
 */
export function recoveryAtOnce(nodes: number, m: number, placement: Placement): number {
  if (nodes < m) return 1;
  const groups = Math.floor(nodes / m);
  const rest = nodes % m;
  const fatal = placement === "ring"
    ? (nodes === m ? 1 : nodes)
    : placement === "mixed"
    ? groups - 1 + (rest === 0 ? 1 : m + rest)
    : placement === "group"
    ? groups - (rest === 0 ? 0 : 1)
    // Groups of m + 1 and more survive the loss of m.
    : Array.from({ length: groups }, (_, g) => groupSize(nodes, m, groups, g, "spread"))
      .filter((size) => size === m).length;
  return 1 - ratio(BigInt(fatal), choose(nodes, m));
}
