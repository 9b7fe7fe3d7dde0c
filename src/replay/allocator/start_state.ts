import { type AllocationTraceMeta, privatePools } from "../../model/trace/allocations.ts";
import type { AllocConf } from "./alloc_conf.ts";
import { type FlatOps, OP } from "./op_list.ts";
import { roundSize, SMALL_SIZE } from "./rounding.ts";
import type { FoundSegment } from "./segment_view.ts";

const SMALL_BUFFER = 2 * 2 ** 20;

interface Region {
  address: number;
  totalSize: number;
  stream: number;
  large: boolean;
  pool: number;
  expandable: boolean;
}

/** The segments at the start: those of the snapshot, with the recorded segment events undone backwards. */
function regionsAtStart(ops: FlatOps, meta: AllocationTraceMeta, device: number): Region[] {
  const found = new Map<number, Region>();
  const pools = privatePools(meta.segments ?? []);
  for (const s of meta.segments ?? []) {
    if (s.device !== device) continue;
    const stream = meta.streams.indexOf(String(s.stream));
    found.set(s.address, {
      address: s.address,
      totalSize: s.totalSize,
      stream: Math.max(0, stream),
      large: s.segmentType === "large",
      pool: pools.get(s.poolId.join()) ?? 0,
      expandable: s.isExpandable,
    });
  }
  for (let i = ops.count - 1; i >= 0; i--) {
    const address = ops.address[i];
    const size = ops.size[i];
    if (ops.op[i] === OP.segment_alloc) found.delete(address);
    else if (ops.op[i] === OP.segment_map) unmap(found, address, size);
    else if (ops.op[i] === OP.segment_free || ops.op[i] === OP.segment_unmap) {
      found.set(address, {
        address,
        totalSize: size,
        stream: ops.stream[i],
        large: size > SMALL_BUFFER,
        pool: ops.pool?.[i] ?? 0,
        expandable: ops.op[i] === OP.segment_unmap,
      });
    }
  }
  return [...found.values()].sort((a, b) => a.address - b.address);
}

/** Takes a range out of the mapped runs. */
function unmap(found: Map<number, Region>, address: number, size: number): void {
  for (const run of [...found.values()]) {
    const end = run.address + run.totalSize;
    if (end <= address || run.address >= address + size) continue;
    found.delete(run.address);
    if (run.address < address) {
      found.set(run.address, { ...run, totalSize: address - run.address });
    }
    if (end > address + size) {
      found.set(address + size, {
        ...run,
        address: address + size,
        totalSize: end - address - size,
      });
    }
  }
}

/**
 * The state in which a recording began, and which operations (indices) stand for the blocks live then. A live
 * block's size is that of the snapshot's block when it lived to the end, else the rounded request with its
 * slack: in the large pool no free piece of 1 MiB or less is ever cut off, so such a gap belongs to the block.
 */
export function startState(
  ops: FlatOps,
  before: number,
  meta: AllocationTraceMeta,
  conf: AllocConf,
  device: number,
): { segments: FoundSegment[]; rows: number[][] } {
  const finalSize = new Map<number, number>();
  for (const s of meta.segments ?? []) {
    if (s.device !== device) continue;
    for (const b of s.blocks) if (b.state !== "inactive") finalSize.set(b.address, b.size);
  }
  const freedAt = new Map<number, number>();
  for (let i = before; i < ops.count; i++) {
    if (ops.op[i] === OP.free && !freedAt.has(ops.id[i])) freedAt.set(ops.id[i], i);
  }
  const segments: FoundSegment[] = [];
  const rows: number[][] = [];
  let at = 0;
  for (const region of regionsAtStart(ops, meta, device)) {
    const end = region.address + region.totalSize;
    while (at < before && ops.address[at] < region.address) at++;
    const here: number[] = [];
    while (at < before && ops.address[at] < end) here.push(at++);
    rows.push(here);
    segments.push({
      ...region,
      live: here.map((row, i) => {
        const address = ops.address[row];
        const limit = i + 1 < here.length ? ops.address[here[i + 1]] : end;
        const died = freedAt.get(ops.id[row]);
        let size = died === undefined
          ? finalSize.get(address) ?? roundSize(ops.size[row], conf)
          : roundSize(ops.size[row], conf);
        if (died !== undefined && region.large && !region.expandable) {
          const gap = limit - address - size;
          if (address === region.address && size >= conf.maxSplitBytes) size = region.totalSize;
          else if (gap > 0 && gap <= SMALL_SIZE) size += gap;
          else if (gap > 0) size += slackSeenLater(ops, before, died, address + size);
        }
        return { address, size: Math.min(size, limit - address), requested: ops.size[row] };
      }),
    });
  }
  return { segments, rows };
}

/** The lowest allocation within 1 MiB behind a block while it lives shows where the block really ends. */
function slackSeenLater(ops: FlatOps, from: number, until: number, end: number): number {
  let slack = Infinity;
  for (let i = from; i < until; i++) {
    if (ops.op[i] !== OP.alloc) continue;
    const distance = ops.address[i] - end;
    if (distance >= 0 && distance <= SMALL_SIZE && distance < slack) slack = distance;
  }
  return slack === Infinity ? 0 : slack;
}
