import { counted } from "../../model/plural.ts";
import type { AllocationTraceMeta } from "../../model/trace/allocations.ts";
import type { AllocConf } from "./alloc_conf.ts";
import { CachingAllocator } from "./caching.ts";
import { type Device, noCalls } from "./device.ts";
import { OP, type OpList } from "./op_list.ts";
import { startState } from "./start_state.ts";

export interface Validation {
  readonly allocator: CachingAllocator;
  readonly addresses: number;
  readonly addressesMatched: number;
  readonly segments: number;
  readonly segmentsMatched: number;
  /** Recorded releases of segments that the model could not follow. */
  readonly releasesMissed: number;
  /** Where the replay first differs from the recording. */
  readonly firstDifference: string | null;
}

/** More than a device has: every driver call of the recording that gave memory must give it here too. */
const UNLIMITED = 2 ** 46;
const ELSEWHERE = 2 ** 51;

/** The driver as it was recorded: a new segment must be asked for when, and as large as, the recording has it. */
class RecordedDevice implements Device {
  readonly capacityBytes = UNLIMITED;
  readonly counters = noCalls();
  usedBytes = 0;
  matched = 0;
  readonly #queue: { address: number; size: number }[] = [];
  #elsewhere = ELSEWHERE;

  /** Announces a recorded segment. */
  announce(address: number, size: number): void {
    this.#queue.push({ address, size });
  }

  /** Ends an allocation: what it did not ask for was not predicted. */
  settle(): number {
    return this.#queue.splice(0).length;
  }

  malloc(bytes: number): number {
    const next = this.#queue[0];
    if (next?.size === bytes) {
      this.#queue.shift();
      this.matched++;
      return next.address;
    }
    return this.#away(bytes);
  }

  free(): void {}

  reserve(bytes: number): number {
    return this.#queue[0]?.address ?? this.#away(bytes);
  }

  unreserve(): void {}

  map(address: number, handles: number, handleBytes: number): boolean {
    const next = this.#queue[0];
    if (next !== undefined && next.address === address && next.size === handles * handleBytes) {
      this.#queue.shift();
      this.matched++;
    }
    return true;
  }

  unmap(): void {}

  #away(bytes: number): number {
    const address = this.#elsewhere;
    this.#elsewhere += bytes;
    return address;
  }
}

/**
 * Replays a recording from the state it began in, with the addresses that the driver gave then, and counts the
 * allocations and segments that come out as recorded (reference/allocators.md section 7). Releases of segments
 * follow the recording.
 */
export function validate(
  list: OpList,
  meta: AllocationTraceMeta,
  conf: AllocConf,
  device: number,
): Validation {
  const ops = list.flat();
  const driver = new RecordedDevice();
  const allocator = new CachingAllocator(driver, conf);
  const before = meta.liveBefore?.find((l) => l.device === device)?.count ?? 0;
  const blockOf = new Int32Array(list.ids).fill(-1);
  const start = startState(ops, before, meta, conf, device);
  start.segments.forEach((segment, s) => {
    const blocks = allocator.restore(segment);
    start.rows[s].forEach((row, i) => blockOf[ops.id[row]] = blocks[i]);
  });
  let addresses = 0;
  let addressesMatched = 0;
  let segments = 0;
  let releasesMissed = 0;
  let first: string | null = null;
  const differ = (text: string) => first ??= text;
  for (let i = before; i < ops.count; i++) {
    const id = ops.id[i];
    const address = ops.address[i];
    const block = id >= 0 ? blockOf[id] : -1;
    switch (ops.op[i]) {
      case OP.alloc: {
        if (ops.size[i] === 0) break;
        addresses++;
        const got = allocator.malloc(ops.size[i], ops.stream[i], ops.pool?.[i] ?? 0);
        blockOf[id] = got;
        const left = driver.settle();
        const at = got < 0 ? -1 : allocator.table.address[got];
        if (at === address) addressesMatched++;
        else {
          differ(
            `operation ${i}: an allocation of ${counted(ops.size[i], "byte")} was recorded at 0x${
              address.toString(16)
            }, the replay ` +
              (at >= ELSEWHERE ? "asked for a new segment" : `gives 0x${at.toString(16)}`),
          );
        }
        if (left > 0) differ(`operation ${i}: the recording has a new segment, the replay none`);
        break;
      }
      case OP.free:
        if (block >= 0) allocator.free(block);
        if (id >= 0) blockOf[id] = -1;
        break;
      case OP.record_stream:
        if (block >= 0) allocator.recordStream(block, ops.stream[i]);
        break;
      case OP.stream_done:
        allocator.streamDone(ops.stream[i]);
        break;
      case OP.segment_alloc:
      case OP.segment_map:
        segments++;
        driver.announce(address, ops.size[i]);
        break;
      case OP.segment_free:
      case OP.segment_unmap:
        if (!allocator.follow(address, ops.size[i])) {
          releasesMissed++;
          differ(
            `operation ${i}: the segment at 0x${address.toString(16)} is not free in the replay`,
          );
        }
    }
  }
  return {
    allocator,
    addresses,
    addressesMatched,
    segments,
    segmentsMatched: driver.matched,
    releasesMissed,
    firstDifference: first,
  };
}
