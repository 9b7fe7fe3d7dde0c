import type { BlockTable } from "./block_table.ts";

/** A segment as a memory snapshot shows it. */
export interface SegmentView {
  readonly address: number;
  readonly totalSize: number;
  readonly stream: number;
  readonly large: boolean;
  /** 0, or the number of a private pool. */
  readonly pool: number;
  readonly expandable: boolean;
  readonly blocks: readonly {
    readonly address: number;
    readonly size: number;
    readonly requestedSize: number;
    readonly state: "active_allocated" | "active_pending_free" | "inactive";
  }[];
}

type BlockView = SegmentView["blocks"][number];

function blockView(t: BlockTable, block: number): BlockView {
  return {
    address: t.address[block],
    size: t.size[block],
    requestedSize: t.requested[block],
    state: t.allocated[block]
      ? "active_allocated"
      : t.pending[block] > 0
      ? "active_pending_free"
      : "inactive",
  };
}

/** Every segment with its blocks, by address; of an expandable range, each mapped run is one. */
export function viewSegments(t: BlockTable, heads: Iterable<number>): SegmentView[] {
  const views: SegmentView[] = [];
  for (const head of heads) {
    let blocks: BlockView[] = [];
    const close = () => {
      if (blocks.length === 0) return;
      views.push({
        address: blocks[0].address,
        totalSize: blocks.reduce((sum, b) => sum + b.size, 0),
        stream: t.stream[head],
        large: (t.pool[head] & 1) === 1,
        pool: t.pool[head] >> 1,
        expandable: t.range[head] >= 0,
        blocks,
      });
      blocks = [];
    };
    for (let b = head; b >= 0; b = t.next[b]) {
      if (t.mapped[b]) blocks.push(blockView(t, b));
      else close();
    }
    close();
  }
  return views.sort((x, y) => x.address - y.address);
}

/** A segment with its live blocks (by address), to start from. */
export interface FoundSegment {
  readonly address: number;
  readonly totalSize: number;
  readonly stream: number;
  readonly large: boolean;
  readonly pool: number;
  readonly expandable: boolean;
  readonly live: readonly {
    readonly address: number;
    readonly size: number;
    readonly requested: number;
  }[];
}
