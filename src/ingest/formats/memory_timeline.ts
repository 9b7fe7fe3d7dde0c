import { counted } from "../../model/plural.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { PlaceError } from "../../parse/place_error.ts";
import { AllocationMatcher, type MemoryEvent } from "../allocation_matcher.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachJsonValue } from "../json_values.ts";
import { matchedTrace } from "../matched_trace.ts";

/** Categories by their number (torch/profiler/_memory_profiler.py). */
const CATEGORIES = [
  "parameter",
  "optimizer state",
  "input",
  "temporary",
  "activation",
  "gradient",
  "autograd detail",
  "unknown",
];
const PREEXISTING = 1;
const CREATE = 2;
const RECATEGORISE = 3;
const DESTROY = 4;

function detect(head: ImportHead): number {
  return /^\uFEFF?\s*\[\s*\[\s*-?\d+\s*,\s*[1-4]\s*,\s*-?\d+\s*,\s*\d\s*\]/.test(head.text)
    ? 0.95
    : 0;
}

interface Row {
  /** Nanoseconds, beyond what a double holds exactly; negative before the start. */
  readonly time: bigint;
  readonly action: number;
  readonly size: number;
  readonly category: number;
}

const ROW = /^\s*\[\s*(-?\d{1,19})\s*,\s*([1-4])\s*,\s*(-?\d{1,16})\s*,\s*([0-7])\s*\]\s*$/;

function rowOf(bytes: Uint8Array, line: number): Row {
  const text = new TextDecoder().decode(bytes);
  const match = ROW.exec(text);
  if (match === null || !Number.isSafeInteger(Number(match[3]))) {
    throw new PlaceError(
      line,
      1,
      `expected [time, action 1 to 4, bytes, category 0 to 7], but found ${text.slice(0, 80)}`,
    );
  }
  const [, time, action, size, category] = match;
  return {
    time: BigInt(time),
    action: Number(action),
    size: Number(size),
    category: Number(category),
  };
}

async function read(input: ImportInput): Promise<Trace<"allocations">> {
  const matcher = new AllocationMatcher();
  let first: bigint | null = null;
  let last = 0n;
  let moved: MemoryEvent | null = null;
  await forEachJsonValue(input, (path) => path.length === 1, (bytes, _, line) => {
    const { time, action, size, category } = rowOf(bytes, line);
    if (time >= 0n) {
      first ??= time;
      if (time < last) {
        throw new PlaceError(
          line,
          1,
          `the time ${time} is smaller than the one before it (${last})`,
        );
      }
      last = time;
    }
    const event: MemoryEvent = {
      device: 0,
      address: NaN,
      bytes: Math.abs(size),
      timeNs: time < 0n || first === null ? NaN : Number(time - first),
      stream: 0,
      site: category,
    };
    if (action === PREEXISTING) matcher.preexisting(event);
    else if (action === CREATE) matcher.allocate(event);
    else if (action === DESTROY) matcher.free(event);
    // A change of category comes as two entries: out of the old one, into the new one.
    else if (action === RECATEGORISE && size < 0) moved = event;
    else if (moved !== null) {
      matcher.move(moved, category);
      moved = null;
    }
  });
  return await matchedTrace(input, "memory-timeline", matcher, {
    sizeMeaning: "rounded",
    streams: ["0"],
    sites: CATEGORIES,
    notes: [
      `${counted(matcher.rows, "operation")} with their categories`,
      "no addresses: a free belongs to the last live allocation of its size and category",
    ],
  });
}

/** PyTorch's categorised memory timeline as raw events: [time in ns, action, signed bytes, category]. */
export const format: Importer<"allocations"> = {
  name: "memory-timeline",
  kind: "allocations",
  summary: "PyTorch's categorised memory timeline, raw JSON rows of time, action, bytes, category",
  reference: "torch.profiler export_memory_timeline(*.raw.json.gz), _memory_profiler.py",
  detect,
  read,
};
