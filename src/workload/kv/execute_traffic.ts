import { join } from "node:path";
import { environmentError, usageError } from "../../model/errors.ts";
import { movedBytes, type Traffic } from "../../model/traffic.ts";
import { formatBytes } from "../../model/units.ts";
import type { WorkloadResult } from "../workload.ts";
import {
  type BlockFile,
  DIRECT_ALIGNMENT,
  openBlockFile,
  pageAlignedBytes,
  verifyBlock,
} from "./block_file.ts";
import { fillBlock } from "./block_pattern.ts";
import { createTierMeter, type TierMeter } from "./tier_meter.ts";
import { type PlannedOp, planTraffic } from "./traffic_plan.ts";

export interface ExecuteOptions {
  readonly directory: string;
  /** Bytes a block is moved with; a multiple of 4. */
  readonly blockBytes: number;
  /** Past the page cache (O_DIRECT), reads and writes. */
  readonly direct: boolean;
  /** Writes between two fsyncs of a file; 0: none but the last. */
  readonly syncEvery: number;
  /** Operations in flight. */
  readonly concurrency: number;
  /** 0: as fast as possible; 1: at the replay's times; 10: ten times as fast. */
  readonly speed: number;
  /** Bytes free in the folder. */
  readonly freeBytes: number;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

export interface ExecutedTraffic {
  readonly phases: WorkloadResult["phases"];
  readonly verifiedBytes: number;
  readonly wallSeconds: number;
  /** Whether the files bypassed the page cache. */
  readonly direct: boolean;
}

/** Most that frames of memory may take: what one WebAssembly memory can hold. */
const MOST_MEMORY_BYTES = 4 * 2 ** 30 - 65_536;

/** One tier as memory or as a file. */
interface Medium {
  readonly frames: Uint8Array | null;
  readonly file: BlockFile | null;
  readonly read: TierMeter;
  readonly write: TierMeter;
  readonly sync: TierMeter;
  unsynced: number;
}

/**
 * Executes traffic physically and in order: blocks of the `dram` tier are copied between two places of
 * memory, all others are written to and read from one file a tier. Whatever is read is compared with what was
 * written. Laying out files and memory, making up contents and comparing them are not timed.
 *
 * @throws usage error when blocks are too large for memory or badly sized for O_DIRECT.
 */
export async function executeTraffic(
  traffic: Traffic,
  options: ExecuteOptions,
): Promise<ExecutedTraffic> {
  const { blockBytes, concurrency, now } = options;
  if (options.direct && blockBytes % DIRECT_ALIGNMENT !== 0) {
    throw usageError(
      `--set blockBytes=${blockBytes}: O_DIRECT needs a multiple of ${DIRECT_ALIGNMENT}`,
      "choose another size, or --set direct=false",
    );
  }
  const plan = planTraffic(traffic);
  checkRoom(traffic, plan.slots, options);
  const media = traffic.tiers.map((name, t) => openMedium(name, plan.slots[t], options));
  const lanes = Array.from({ length: concurrency }, () => pageAlignedBytes(blockBytes));
  const idle = lanes.map((_, i) => i);
  const waiting: (() => void)[] = [];
  const busySlots = new Map<number, Promise<void>>();
  const running = new Set<Promise<void>>();
  let verifiedBytes = 0;
  let failure: unknown = null;
  for (const medium of media) {
    medium.frames?.fill(1);
    await medium.file?.layOut(lanes[0]);
  }
  const started = now();

  const takeLane = async (): Promise<number> => {
    while (idle.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    return idle.pop()!;
  };
  const giveLane = (lane: number): void => {
    idle.push(lane);
    waiting.shift()?.();
  };
  /** Fills the lane with the bytes that a write takes: those of the memory tier above, else new ones. */
  const prepare = (op: PlannedOp, lane: Uint8Array): void => {
    const above = op.from === null ? null : media[op.from.tier].frames;
    if (above !== null) lane.set(frameOf(above, op.from!.slot, blockBytes));
    else fillBlock(new Uint32Array(lane.buffer, 0, blockBytes / 4), op.content);
  };
  const copyInMemory = async (op: PlannedOp, lane: Uint8Array): Promise<void> => {
    const { frames, read, write } = media[op.tier];
    const frame = frameOf(frames!, op.slot, blockBytes);
    if (op.kind === "write") {
      prepare(op, lane);
      await write.time(0, blockBytes, () => frame.set(lane));
    } else {
      const part = lane.subarray(0, movedBytes(op.share, blockBytes));
      await read.time(part.length, 0, () => part.set(frame.subarray(0, part.length)));
      verifyBlock(part, op.content);
      verifiedBytes += part.length;
    }
  };
  const moveToFile = async (op: PlannedOp, lane: number, after: Promise<void>): Promise<void> => {
    const { file, read, write } = media[op.tier];
    const bytes = lanes[lane];
    await after;
    if (op.kind === "write") {
      await write.time(0, blockBytes, () => file!.write(lane, op.slot, bytes));
    } else {
      const part = bytes.subarray(0, movedBytes(op.share, blockBytes));
      await read.time(part.length, 0, () => file!.read(lane, op.slot, part));
      verifyBlock(part, op.content);
      verifiedBytes += part.length;
    }
  };
  const syncFile = async (medium: Medium): Promise<void> => {
    await Promise.all(running);
    medium.unsynced = 0;
    await medium.sync.time(0, 0, () => medium.file!.sync());
  };

  try {
    for (const [i, op] of plan.ops.entries()) {
      if (failure !== null || options.signal.aborted) break;
      if (options.speed > 0) await waitUntil(started + op.atSeconds / options.speed * 1000, now);
      const lane = await takeLane();
      const medium = media[op.tier];
      if (medium.frames !== null) {
        await copyInMemory(op, lanes[lane]);
        giveLane(lane);
      } else {
        // A write takes its bytes now: the place above may hold another block a moment later.
        if (op.kind === "write") prepare(op, lanes[lane]);
        const key = op.tier * 2 ** 40 + op.slot;
        const task = moveToFile(op, lane, busySlots.get(key) ?? Promise.resolve())
          .catch((error) => void (failure ??= error))
          .finally(() => {
            running.delete(task);
            if (busySlots.get(key) === task) busySlots.delete(key);
            giveLane(lane);
          });
        busySlots.set(key, task);
        running.add(task);
        if (
          op.kind === "write" && ++medium.unsynced >= options.syncEvery && options.syncEvery > 0
        ) {
          await syncFile(medium);
        }
      }
      if (i % 64 === 0) options.progress(i, plan.ops.length);
    }
    await Promise.all(running);
    for (const medium of media) if (medium.file !== null) await syncFile(medium);
    if (failure !== null) throw failure;
    return {
      phases: media.flatMap((m) => [m.write, m.sync, m.read].map((meter) => meter.end()))
        .filter((phase) => phase.operations > 0),
      verifiedBytes,
      wallSeconds: (now() - started) / 1000,
      direct: media.some((m) => m.file?.direct ?? false),
    };
  } finally {
    await Promise.allSettled(running);
    for (const medium of media) medium.file?.close();
  }
}

function frameOf(frames: Uint8Array, slot: number, blockBytes: number): Uint8Array {
  return frames.subarray(slot * blockBytes, (slot + 1) * blockBytes);
}

function openMedium(name: string, slots: number, options: ExecuteOptions): Medium {
  const { blockBytes, direct, concurrency: lanes, now } = options;
  const meter = (what: string) => createTierMeter(`${name}-${what}`, now);
  const inMemory = name === "dram";
  return {
    frames: inMemory ? pageAlignedBytes(slots * blockBytes) : null,
    file: inMemory ? null : openBlockFile(
      join(options.directory, `${name}.blocks`),
      { blockBytes, slots, direct, lanes },
    ),
    read: meter("read"),
    write: meter("write"),
    sync: meter("fsync"),
    unsynced: 0,
  };
}

/** Memory and disk must hold the most that each tier held at once. */
function checkRoom(traffic: Traffic, slots: readonly number[], options: ExecuteOptions): void {
  const bytes = (inMemory: boolean) =>
    traffic.tiers.reduce(
      (sum, name, t) => sum + ((name === "dram") === inMemory ? slots[t] * options.blockBytes : 0),
      0,
    );
  const hint = "choose a smaller --set blockBytes, or smaller tiers";
  if (bytes(true) > MOST_MEMORY_BYTES) {
    throw usageError(
      `the host memory tier needs ${formatBytes(bytes(true))} at once, more than ${
        formatBytes(MOST_MEMORY_BYTES)
      }`,
      hint,
    );
  }
  if (bytes(false) > options.freeBytes) {
    throw environmentError(
      `the traffic needs ${formatBytes(bytes(false))} on disk, and ${
        formatBytes(options.freeBytes)
      } are free`,
      hint,
    );
  }
}

function waitUntil(atMs: number, now: () => number): Promise<void> {
  const left = atMs - now();
  return left <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, left));
}
