import { kvBytesPerToken } from "../../model/llm_math.ts";
import type { TierName } from "../../model/usage.ts";
import type { SideResult } from "./outcome.ts";
import type { InstanceTotals } from "./recorder.ts";
import { LINK } from "./topology.ts";

/** What the instances of a replay did together. */
export interface Totals {
  readonly wallSeconds: number;
  readonly busySeconds: number;
  readonly waitSeconds: number;
  readonly iterations: number;
  readonly preemptions: number;
  readonly unkeptBlocks: number;
  readonly storedBlocks: number;
  readonly removedBlocks: number;
  readonly tiers: readonly {
    name: TierName;
    readBytes: number;
    writtenBytes: number;
    readRequests: number;
    writeRequests: number;
    hitBlocks: number;
    hitTokens: number;
    byteSeconds: number;
  }[];
  readonly links: readonly { name: string; bytes: number; busySeconds: number }[];
  readonly driveBusySeconds: number;
}

/** Sums over the instances; links of the same name together. */
export function sumTotals({ totals, engine, tally }: SideResult): Totals {
  const sum = (pick: (t: InstanceTotals) => number) => totals.reduce((s, t) => s + pick(t), 0);
  const { context } = engine.strategy;
  const kv = kvBytesPerToken(engine.config.llm);
  const made = tally.counts.computedTokens + tally.counts.recomputedTokens +
    tally.counts.outputTokens;
  // Near-storage: every token's KV is written to the tier once and read at each step that attends to it.
  const away = context === undefined ? [] : [{
    name: context.tier,
    readBytes: kv * sum((t) => t.contextTokens),
    writtenBytes: kv * made,
    readRequests: sum((t) => t.iterations),
    writeRequests: Math.ceil(made / engine.blockTokens),
    hitBlocks: 0,
    hitTokens: 0,
    byteSeconds: 0,
  }];
  const tierSum = (tier: number, pick: (total: InstanceTotals["tiers"][number]) => number) =>
    totals.reduce((s, { tiers }) => s + (tier < tiers.length ? pick(tiers[tier]) : 0), 0);
  return {
    wallSeconds: Math.max(0, ...totals.map((t) => t.endSeconds)),
    busySeconds: sum((t) => t.busySeconds),
    waitSeconds: sum((t) => t.waitSeconds),
    iterations: sum((t) => t.iterations),
    preemptions: sum((t) => t.preemptions),
    unkeptBlocks: sum((t) => t.unkeptBlocks),
    storedBlocks: sum((t) => t.storedBlocks),
    removedBlocks: sum((t) => t.removedBlocks),
    tiers: away.length > 0 ? away : engine.config.tiers.map(({ name }, t) => ({
      name,
      readBytes: tierSum(t, (tier) => tier.readBytes),
      writtenBytes: tierSum(t, (tier) => tier.writtenBytes),
      readRequests: tierSum(t, (tier) => tier.readRequests),
      writeRequests: tierSum(t, (tier) => tier.writeRequests),
      hitBlocks: tally.tierHitBlocks[t],
      hitTokens: tally.tierHitTokens[t],
      byteSeconds: tierSum(t, (tier) => tier.byteSeconds),
    })),
    links: totals.length === 0 ? [] : totals[0].traffic.links.map(({ name }, l) => ({
      name,
      bytes: Math.round(sum(({ traffic }) => traffic.links[l].bytes)),
      busySeconds: sum(({ traffic }) => traffic.links[l].busySeconds),
    })),
    driveBusySeconds: sum(({ traffic }) =>
      Math.max(traffic.links[LINK.ssdRead].busySeconds, traffic.links[LINK.ssdWrite].busySeconds)
    ),
  };
}
