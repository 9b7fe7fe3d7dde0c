import { dataError } from "../model/errors.ts";
import type { SnapshotBlock, SnapshotSegment } from "../model/trace/allocations.ts";
import type { PickleValue } from "./pickle.ts";

type Dictionary = Map<PickleValue, PickleValue>;

/** One event of `device_traces`. */
export interface ParsedEvent {
  readonly action: string;
  readonly address: number;
  readonly size: number;
  readonly stream: number;
  readonly timeUs: number | null;
}

export interface ParsedSnapshot {
  readonly segments: SnapshotSegment[];
  readonly traces: ParsedEvent[][];
  readonly settings: Record<string, unknown> | null;
}

function number(value: PickleValue | undefined, fallback: number): number {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" ? value : fallback;
}

function dictionary(value: PickleValue | undefined, label: string, what: string): Dictionary {
  if (value instanceof Map) return value;
  throw dataError(`${label}: ${what} is no dictionary`, "this pickle is no memory snapshot");
}

function list(value: PickleValue | undefined): PickleValue[] {
  return Array.isArray(value) ? value : [];
}

const STATES: Readonly<Record<string, SnapshotBlock["state"]>> = {
  active_allocated: "active_allocated",
  active_pending_free: "active_pending_free",
  active_awaiting_free: "active_pending_free",
  inactive: "inactive",
};

/** Blocks of old snapshots have no address: they lie one after the other. */
function blocksOf(segment: Dictionary, base: number, label: string): SnapshotBlock[] {
  let at = base;
  return list(segment.get("blocks")).map((value) => {
    const block = dictionary(value, label, "a block");
    const size = number(block.get("size"), 0);
    const history = list(block.get("history"))[0];
    const real = history instanceof Map ? number(history.get("real_size"), size) : size;
    const address = number(block.get("address"), at);
    at = address + size;
    return {
      address,
      size,
      requestedSize: number(block.get("requested_size"), real),
      state: STATES[String(block.get("state"))] ?? "inactive",
    };
  });
}

function segmentOf(value: PickleValue, label: string): SnapshotSegment {
  const s = dictionary(value, label, "a segment");
  const address = number(s.get("address"), NaN);
  if (Number.isNaN(address)) {
    throw dataError(`${label}: a segment has no address`, "this pickle is no memory snapshot");
  }
  const pool = list(s.get("segment_pool_id")).map((v) => number(v, 0));
  return {
    device: number(s.get("device"), 0),
    address,
    totalSize: number(s.get("total_size"), 0),
    stream: number(s.get("stream"), 0),
    segmentType: s.get("segment_type") === "small" ? "small" : "large",
    poolId: [pool[0] ?? 0, pool[1] ?? 0],
    isExpandable: s.get("is_expandable") === true,
    blocks: blocksOf(s, address, label),
  };
}

function eventOf(value: PickleValue, label: string): ParsedEvent {
  const e = dictionary(value, label, "an event");
  const time = e.get("time_us");
  return {
    action: String(e.get("action")),
    address: number(e.get("addr") ?? e.get("device_free"), 0),
    size: number(e.get("size"), 0),
    stream: number(e.get("stream"), 0),
    timeUs: time === undefined ? null : number(time, NaN),
  };
}

function plain(value: PickleValue): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([k, v]) => [String(k), plain(v)]));
  }
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "bigint" ? value.toString() : value;
}

/**
 * Reads what `torch.cuda.memory._dump_snapshot` pickled, of every generation: key presence decides, never a
 * version. A bare list (`memory_snapshot()`) has segments and no trace.
 *
 * @throws data error when the pickle is no snapshot.
 */
export function readTorchSnapshot(value: PickleValue, label: string): ParsedSnapshot {
  if (Array.isArray(value)) {
    return { segments: value.map((v) => segmentOf(v, label)), traces: [], settings: null };
  }
  const top = dictionary(value, label, "the top level");
  if (!top.has("segments")) {
    throw dataError(
      `${label}: a pickle without "segments"`,
      "expected the file that torch.cuda.memory._dump_snapshot wrote",
    );
  }
  const settings = top.get("allocator_settings");
  return {
    segments: list(top.get("segments")).map((v) => segmentOf(v, label)),
    traces: list(top.get("device_traces")).map((trace) =>
      list(trace).map((v) => eventOf(v, label))
    ),
    settings: settings instanceof Map ? plain(settings) as Record<string, unknown> : null,
  };
}
