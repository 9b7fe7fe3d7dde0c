import type { AllocationTraceMeta } from "../../model/trace/allocations.ts";
import { formatInUnit } from "../../model/format_metric.ts";
import type { Heap } from "./heap.ts";
import { OP, type OpList } from "./op_list.ts";
import type { SegmentView } from "./segment_view.ts";

/** Live blocks of one name that keep segments with free bytes in them from being given back. */
export interface Pin {
  /** Place in the program or category; the size where the trace does not say. */
  readonly name: string;
  readonly blocks: number;
  readonly bytes: number;
  /** Free bytes in the segments that they keep, each segment counted once a name. */
  readonly strandedBytes: number;
}

/** What is stranded at one moment, and by whom. */
export interface Pinning {
  readonly segments: number;
  readonly blocks: number;
  /** The names that hold back most, largest first. */
  readonly pins: readonly Pin[];
}

function freeBytes(segment: SegmentView): number {
  return segment.blocks.reduce((n, b) => n + (b.state === "inactive" ? b.size : 0), 0);
}

/** Site of every live block by its address. */
function sitesByAddress(ops: OpList, heap: Heap, blockOf: Int32Array, until: number) {
  const sites = new Map<number, number>();
  let index = 0;
  for (const batch of ops.batches) {
    for (let row = 0; row < batch.count && index < until; row++, index++) {
      if (batch.op[row] !== OP.alloc || batch.site === undefined) continue;
      const block = blockOf[batch.id[row]];
      if (block >= 0) sites.set(heap.addressOf(block), batch.site[row]);
    }
  }
  return sites;
}

/** Finds the live blocks in segments that also hold free bytes, and names them. */
export function findPinning(
  segments: readonly SegmentView[],
  ops: OpList,
  heap: Heap,
  blockOf: Int32Array,
  until: number,
  meta: AllocationTraceMeta,
): Pinning {
  const sites = meta.sites === undefined
    ? new Map<number, number>()
    : sitesByAddress(ops, heap, blockOf, until);
  const byName = new Map<string, { blocks: number; bytes: number; strandedBytes: number }>();
  let pinned = 0;
  let blocks = 0;
  for (const segment of segments) {
    const free = freeBytes(segment);
    if (free === 0 || free === segment.totalSize) continue;
    pinned++;
    const here = new Set<string>();
    for (const block of segment.blocks) {
      if (block.state === "inactive") continue;
      blocks++;
      const site = sites.get(block.address) ?? -1;
      const name = meta.sites?.[site] ??
        `allocations of ${formatInUnit(block.requestedSize, "bytes")}`;
      const pin = byName.get(name) ?? { blocks: 0, bytes: 0, strandedBytes: 0 };
      pin.blocks++;
      pin.bytes += block.size;
      if (!here.has(name)) pin.strandedBytes += free;
      here.add(name);
      byName.set(name, pin);
    }
  }
  const pins = [...byName].map(([name, pin]) => ({ name, ...pin }))
    .sort((a, b) => b.strandedBytes - a.strandedBytes || (a.name < b.name ? -1 : 1));
  return { segments: pinned, blocks, pins: pins.slice(0, 10) };
}
