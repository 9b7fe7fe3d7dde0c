import { dataError } from "../../model/errors.ts";
import type { Traffic } from "../../model/traffic.ts";

/** What has to be done physically, one entry an operation that moves a block. */
export interface PlannedOp {
  readonly kind: "write" | "read";
  readonly tier: number;
  readonly slot: number;
  /** Which content the block has; the same number is the same bytes. */
  readonly content: number;
  /** Place in a tier above from which a write takes its bytes; null: from the GPU. */
  readonly from: { readonly tier: number; readonly slot: number } | null;
  readonly atSeconds: number;
  /** Share of the block that moves. */
  readonly share: number;
}

export interface TrafficPlan {
  readonly ops: readonly PlannedOp[];
  /** Most slots of each tier that were in use at once. */
  readonly slots: readonly number[];
}

const OPS = ["write", "read", "drop", "rename"] as const;

/**
 * Gives every block of the traffic a place in its tier. A place is free again when its block is dropped, so
 * the plan needs no more room than the replayed tiers held.
 *
 * @throws data error for traffic that reads, drops or renames a block that is not there: a damaged record.
 */
export function planTraffic(traffic: Traffic): TrafficPlan {
  interface Place {
    readonly slot: number;
    readonly content: number;
  }
  const places = traffic.tiers.map(() => new Map<number, Place>());
  const free: number[][] = traffic.tiers.map(() => []);
  const slots = traffic.tiers.map(() => 0);
  const ops: PlannedOp[] = [];
  for (let i = 0; i < traffic.count; i++) {
    const op = OPS[traffic.op[i]];
    const tier = traffic.tier[i];
    const block = traffic.block[i];
    const atSeconds = traffic.atSeconds[i];
    const share = traffic.share[i];
    const here = places[tier].get(block);
    if (op === "write") {
      const above = places.findIndex((map, t) => t !== tier && map.has(block));
      const source = above < 0 ? undefined : places[above].get(block);
      // A block that no tier holds comes from the GPU with new content: decoded ids are given out again.
      const content = source?.content ?? i;
      const slot = here?.slot ?? free[tier].pop() ?? slots[tier]++;
      places[tier].set(block, { slot, content });
      const from = source !== undefined && above < tier ? { tier: above, slot: source.slot } : null;
      ops.push({ kind: "write", tier, slot, content, from, atSeconds, share });
      continue;
    }
    if (here === undefined) {
      throw dataError(`traffic: operation ${i} is to ${op} block ${block}, which the tier lacks`);
    }
    if (op === "read") {
      ops.push({
        kind: "read",
        tier,
        slot: here.slot,
        content: here.content,
        from: null,
        atSeconds,
        share,
      });
    } else {
      places[tier].delete(block);
      if (op === "drop") free[tier].push(here.slot);
      else places[tier].set(traffic.other[i], here);
    }
  }
  return { ops, slots };
}
