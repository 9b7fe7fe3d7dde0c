/** Where the copies of a node's shard lie. */
export const PLACEMENTS = ["group", "ring", "spread"] as const;
export type Placement = (typeof PLACEMENTS)[number];

/**
 * Whether every shard has a holder left when these nodes lost their memory. `group`: floor(N/m) groups of
 * neighbours, the remainder in the last; `ring`: a shard lies on its node and the next m-1; `spread`: groups
 * whose members are N/m apart, so that a rack or switch holds one of each (Gemini's mixed placement).
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
  if (placement === "ring") {
    for (const node of lost) {
      let held = false;
      for (let i = 1; i < m && !held; i++) held = !lost.has((node + i) % nodes);
      if (!held) return false;
    }
    return true;
  }
  const groups = Math.max(1, Math.floor(nodes / m));
  const groupOf = (node: number): number =>
    placement === "group" ? Math.min(groups - 1, Math.floor(node / m)) : node % groups;
  const counts = new Map<number, number>();
  for (const node of lost) counts.set(groupOf(node), (counts.get(groupOf(node)) ?? 0) + 1);
  for (const [group, count] of counts) {
    if (count >= groupSize(nodes, m, groups, group, placement)) return false;
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
  if (placement === "group") return group === groups - 1 ? nodes - (groups - 1) * m : m;
  return Math.floor((nodes - group + groups - 1) / groups);
}
