import { Buffer } from "node:buffer";
import { dataError } from "../../model/errors.ts";
import { counted } from "../../model/plural.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { JsonItems } from "../../parse/json_items.ts";
import { PlaceError } from "../../parse/place_error.ts";
import { AllocationMatcher } from "../allocation_matcher.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { withPlaces } from "../place.ts";

/** Device types of PyTorch that are GPUs: CUDA and HIP; 0 is the host. */
const GPU_TYPES = new Set([1, 6, 20]);
const CPU_TYPE = 0;

interface Reading {
  readonly type: number;
  readonly device: number;
  readonly address: number;
  readonly bytes: number;
  readonly us: number;
}

function detect(head: ImportHead): number {
  if (!/^\uFEFF?\s*[{[]/.test(head.text)) return 0;
  if (/"name"\s*:\s*"\[memory\]"/.test(head.text)) return 0.96;
  // The memory events may come late; a list of events alone says little.
  if (/"traceEvents"\s*:/.test(head.text)) return 0.9;
  if (/"schemaVersion"\s*:|"deviceProperties"\s*:|"torch_profiler_kwargs"/.test(head.text)) {
    return 0.9;
  }
  return /^\s*\[\s*\{[^}]*"ph"\s*:/.test(head.text) ? 0.8 : 0;
}

function readingOf(bytes: Uint8Array, line: number): Reading | null {
  let event: { ts?: unknown; name?: unknown; args?: Record<string, unknown> };
  try {
    event = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new PlaceError(line, 1, "a [memory] event is not valid JSON");
  }
  if (event.name !== "[memory]") return null;
  const args = event.args ?? {};
  const number = (key: string): number => {
    const value = args[key];
    if (value === undefined) return NaN;
    // Addresses stand as numbers, in some versions as text.
    return typeof value === "string" && value !== "" ? Number(value) : Number(value);
  };
  const us = Number(event.ts);
  const reading = {
    type: number("Device Type"),
    device: number("Device Id"),
    address: number("Addr"),
    bytes: number("Bytes"),
    us,
  };
  if (!Number.isFinite(us) || !Number.isSafeInteger(reading.bytes)) {
    throw new PlaceError(
      line,
      1,
      `a [memory] event needs ts and args.Bytes, but has ts ${event.ts} and Bytes ${args.Bytes}`,
    );
  }
  return reading;
}

async function readEvents(input: ImportInput): Promise<Reading[]> {
  const readings: Reading[] = [];
  const items = new JsonItems(
    (path) =>
      path.length === 2 ? path[0] === "traceEvents" : path.length === 1 && path[0] !== "" &&
        typeof path[0] === "number",
    (bytes, _, line) => {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (!view.includes('"[memory]"')) return;
      const reading = readingOf(bytes, line);
      if (reading !== null) readings.push(reading);
    },
  );
  await withPlaces(input.label, async () => {
    for await (const chunk of input.chunks()) items.push(chunk);
    items.end();
  });
  return readings;
}

async function read(input: ImportInput): Promise<Trace<"allocations">> {
  const all = await readEvents(input);
  if (all.length === 0) {
    throw dataError(
      `${input.label}: the profiler trace has no [memory] event`,
      "record with torch.profiler.profile(profile_memory=True)",
    );
  }
  const gpu = all.filter((r) => GPU_TYPES.has(r.type));
  const cpu = all.filter((r) => r.type === CPU_TYPE);
  const chosen = gpu.length > 0 ? gpu : cpu;
  const notes: string[] = [];
  if (gpu.length > 0 && cpu.length > 0) {
    notes.push(`dropped ${counted(cpu.length, "event")} of host memory`);
  }
  if (gpu.length === 0) notes.push("host memory: the trace has no event of a GPU");
  if (chosen.some((r, i) => i > 0 && r.us < chosen[i - 1].us)) {
    chosen.sort((a, b) => a.us - b.us);
    notes.push("events were put in the order of their times");
  }
  const matcher = new AllocationMatcher();
  const addressed = chosen.some((r) => r.address > 0);
  const first = chosen[0]?.us ?? 0;
  for (const r of chosen) {
    const event = {
      device: Math.max(0, r.device || 0),
      address: addressed ? r.address : NaN,
      bytes: Math.abs(r.bytes),
      timeNs: Math.round((r.us - first) * 1000),
      stream: 0,
      site: -1,
    };
    if (addressed && Number.isNaN(r.address)) matcher.fail(event);
    else if (r.bytes > 0) matcher.allocate(event);
    else if (r.bytes < 0) matcher.free(event);
  }
  notes.unshift(counted(chosen.length, "[memory] event"));
  if (matcher.before > 0) notes.push(`${counted(matcher.before, "block")} live before the first`);
  if (!addressed) {
    notes.push("no addresses: a free belongs to the last live allocation of its size");
  }
  return {
    kind: "allocations",
    name: "",
    format: "kineto",
    sha256: await input.sha256(),
    rows: matcher.rows,
    meta: {
      sizeMeaning: "rounded",
      overflowed: false,
      allocatorSettings: null,
      segments: null,
      liveBefore: matcher.liveBefore(),
      streams: ["0"],
    },
    notes,
    async *batches() {
      yield* await Promise.resolve(matcher.batches());
    },
  };
}

/** The [memory] events of a PyTorch profiler trace, as an object with `traceEvents` or as a bare list. */
export const format: Importer<"allocations"> = {
  name: "kineto",
  kind: "allocations",
  summary: "[memory] events of a PyTorch profiler trace (Kineto, Chrome JSON)",
  reference: "pytorch/kineto: output_json.cpp; torch.profiler.profile(profile_memory=True)",
  detect,
  read,
};
