import { dataError } from "../model/errors.ts";
import type { SnapshotBlock, SnapshotSegment } from "../model/trace/allocations.ts";
import { type PickleItems, PickleReader, type PickleValue } from "./pickle.ts";

type Dictionary = Map<PickleValue, PickleValue>;

/** One event of `device_traces`. */
export interface ParsedEvent {
  readonly action: string;
  readonly address: number;
  readonly size: number;
  readonly stream: number;
  readonly timeUs: number | null;
  /** Who allocated: a place in the program; null where no frames were recorded. */
  readonly site: string | null;
}

/** Takes the parts of a snapshot as they are read. */
export interface SnapshotSink {
  segment(segment: SnapshotSegment): void;
  event(device: number, event: ParsedEvent): void;
}

function number(value: PickleValue | undefined, fallback: number): number {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" ? value : fallback;
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
  return list(segment.get("blocks")).map((block) => {
    if (!(block instanceof Map)) {
      throw dataError(`${label}: a block is no dictionary`, "this pickle is no memory snapshot");
    }
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

function segmentOf(s: Dictionary, label: string): SnapshotSegment {
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

/** Frames of PyTorch itself and of the interpreter say little about who asks for memory. */
const INTERNAL = /(^|\/)(torch|site-packages\/torch|c10|aten|runpy\.py)(\/|$)|^\?\?$/;

interface Site {
  readonly text: string | null;
  /** Whether the frame belongs to the program itself. */
  readonly own: boolean;
}

/** Names frames; a snapshot shares them between events, so each is looked at once. */
class SiteNames {
  readonly #known = new WeakMap<Dictionary, Site>();

  /** The innermost frame of the program itself, else the innermost with a name. */
  of(frames: PickleValue | undefined): string | null {
    if (!Array.isArray(frames)) return null;
    let fallback: string | null = null;
    for (const frame of frames) {
      if (!(frame instanceof Map)) continue;
      let site = this.#known.get(frame);
      if (site === undefined) {
        site = siteOf(frame);
        this.#known.set(frame, site);
      }
      if (site.own) return site.text;
      fallback ??= site.text;
    }
    return fallback;
  }
}

function siteOf(frame: Dictionary): Site {
  const name = String(frame.get("name") ?? "");
  const file = String(frame.get("filename") ?? "");
  if (name === "" || name.includes("torch::unwind") || name.includes("CapturedTraceback")) {
    return { text: null, own: false };
  }
  const short = file.split("/").slice(-2).join("/");
  const text = file === "" || file === "??"
    ? name
    : `${name} (${short}:${number(frame.get("line"), 0)})`;
  return { text, own: file.endsWith(".py") && !INTERNAL.test(file) };
}

function eventOf(e: Dictionary, sites: SiteNames): ParsedEvent {
  const action = String(e.get("action"));
  const time = e.get("time_us");
  return {
    action,
    address: number(e.get("addr") ?? e.get("device_free"), 0),
    size: number(e.get("size"), 0),
    stream: number(e.get("stream"), 0),
    timeUs: time === undefined ? null : number(time, NaN),
    site: action === "alloc" ? sites.of(e.get("frames")) : null,
  };
}

function plain(value: PickleValue): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([k, v]) => [String(k), plain(v)]));
  }
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "bigint" ? value.toString() : value;
}

const SEGMENTS = 1;
const DEVICES = 2;
const EVENTS = 3;

/** Where the two long lists of a snapshot stand: `segments`, and the lists in `device_traces`. */
function kindOf(stack: readonly unknown[], index: number, enclosing: number): number {
  const below = stack[index - 1];
  // A bare list (`memory_snapshot()`) is the whole value.
  if (index === 0 || below === "segments") return SEGMENTS;
  if (below === "device_traces") return DEVICES;
  return enclosing === DEVICES || stack[index - 2] === "device_traces" ? EVENTS : 0;
}

/**
 * Reads what `torch.cuda.memory._dump_snapshot` pickled, of every generation, as its bytes come: key presence
 * decides, never a version. Segments and events are passed on at once and not kept.
 */
export class SnapshotReader {
  readonly #reader: PickleReader;
  readonly #label: string;

  /** @param used Memo entries that the pickle uses again; all are kept when absent. */
  constructor(label: string, sink: SnapshotSink, used?: ReadonlySet<number>) {
    this.#label = label;
    const sites = new SiteNames();
    const items: PickleItems = {
      kindOf,
      takes: (kind) => kind === SEGMENTS || kind === EVENTS,
      take(kind, value, place) {
        if (kind === SEGMENTS) sink.segment(segmentOf(value, label));
        else sink.event(place, eventOf(value, sites));
      },
    };
    this.#reader = new PickleReader(label, items, used);
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /** The allocator's settings. @throws data error when the pickle is no snapshot. */
  end(): Record<string, unknown> | null {
    const value = this.#reader.end();
    if (Array.isArray(value)) return null;
    if (!(value instanceof Map)) {
      throw dataError(
        `${this.#label}: the top level is no dictionary`,
        "this pickle is no memory snapshot",
      );
    }
    if (!value.has("segments")) {
      throw dataError(
        `${this.#label}: a pickle without "segments"`,
        "expected the file that torch.cuda.memory._dump_snapshot wrote",
      );
    }
    const settings = value.get("allocator_settings");
    return settings instanceof Map ? plain(settings) as Record<string, unknown> : null;
  }
}
