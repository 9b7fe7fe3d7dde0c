import type { SideResult } from "./outcome.ts";
import type { InstanceTotals } from "./recorder.ts";

/** Rounding that sums of floating-point seconds and bytes may show. */
const SLACK = 1e-6;

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= SLACK * Math.max(1, Math.abs(a), Math.abs(b));
}

/** Stops the replay: a violation is a bug of this tool, not of the input. */
function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`serving replay: ${what}`);
}

/**
 * What must hold of every replay: requests in = requests out; hits and misses are all blocks and all tokens;
 * what was found in a tier was read from it;
 * of each tier, blocks and bytes in = out + resident; of each instance, busy + waiting + idle is the whole
 * time; of the links, bytes started = arrived + under way, and none carried more than it can.
 */
export function assertConserved({ tally, totals, engine }: SideResult): void {
  const { counts, tierHitBlocks, tierHitTokens } = tally;
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  check(counts.submitted === counts.completed + counts.rejected, "requests got lost");
  check(
    counts.gpuHitBlocks + sum(tierHitBlocks) + counts.missedBlocks === counts.listedBlocks,
    "hits and misses are not all the blocks",
  );
  check(
    counts.gpuHitTokens + sum(tierHitTokens) + counts.computedTokens === counts.inputTokens,
    "hit and computed tokens do not add up to the input",
  );
  const allCounted = counts.lookups === counts.submitted - counts.rejected &&
    totals.every(({ preemptions }) => preemptions === 0);
  tierHitBlocks.forEach((hits, t) => {
    const read = totals.reduce((blocks, { tiers }) => blocks + (tiers[t]?.hitBlocks ?? 0), 0);
    check(
      allCounted ? read === hits : read >= hits,
      `${engine.config.tiers[t].name}: blocks read are not those that were found there`,
    );
  });
  const { storedBytesPerBlock } = engine;
  for (const instance of totals) {
    checkInstance(instance);
    instance.tiers.forEach((tier, t) => {
      const resident = instance.tierBlocks[t];
      check(
        tier.insertedBlocks === tier.evictedBlocks + tier.movedBlocks + resident,
        `${tier.name}: blocks in are not blocks out plus resident`,
      );
      check(
        near(tier.writtenBytes, (tier.insertedBlocks - tier.warmBlocks) * storedBytesPerBlock),
        `${tier.name}: bytes written are not those of the blocks that came in`,
      );
      check(resident <= engine.config.tiers[t].capacityBlocks, `${tier.name} holds too much`);
    });
  }
}

function checkInstance(instance: InstanceTotals): void {
  const { busySeconds, waitSeconds, idleSeconds, clockSeconds, traffic } = instance;
  check(instance.pinnedBlocks === 0, `${instance.pinnedBlocks} blocks are still held at the end`);
  check(
    near(busySeconds + waitSeconds + idleSeconds, clockSeconds),
    "busy, waiting and idle are not the whole time",
  );
  check(
    near(traffic.startedBytes, traffic.movedBytes + traffic.underWayBytes),
    "bytes started are not bytes arrived plus under way",
  );
  for (const link of traffic.links) {
    check(
      link.busySeconds <= clockSeconds * (1 + SLACK) + SLACK,
      `${link.name} was busy for longer than the replay took`,
    );
    check(
      link.bytes <= (link.busySeconds * link.bytesPerSecond) * (1 + SLACK) + 1,
      `${link.name} carried more than it can`,
    );
  }
}
