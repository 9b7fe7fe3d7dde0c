import { Buffer } from "node:buffer";
import { dataError } from "../../model/errors.ts";
import { counted } from "../../model/plural.ts";
import type { Trace } from "../../model/trace/trace.ts";
import { formatBytes } from "../../model/units.ts";
import { PlaceError } from "../../parse/place_error.ts";
import { AllocationMatcher } from "../allocation_matcher.ts";
import type { Importer, ImportHead, ImportInput, ReadOptions } from "../importer.ts";
import { forEachJsonValue } from "../json_values.ts";
import { matchedTrace } from "../matched_trace.ts";

/** Device types of PyTorch that are GPUs: CUDA and HIP; 0 is the host. */
const GPU_TYPES = new Set([1, 6, 20]);
const CPU_TYPE = 0;

interface Reading {
  readonly type: number;
  readonly device: number;
  readonly address: number;
  readonly bytes: number;
  /** Bytes the allocator held after the event; NaN in traces of 2021. */
  readonly total: number;
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

function readingOf(bytes: Uint8Array, line: number, utf8: TextDecoder): Reading | null {
  let event: { ts?: unknown; name?: unknown; args?: Record<string, unknown> };
  try {
    event = JSON.parse(utf8.decode(bytes));
  } catch {
    throw new PlaceError(line, 1, "a [memory] event is not valid JSON");
  }
  if (event.name !== "[memory]") return null;
  const args = event.args ?? {};
  const number = (key: string): number => {
    const value = args[key];
    // Addresses stand as numbers, in some versions as text.
    return value === undefined || value === "" ? NaN : Number(value);
  };
  const us = Number(event.ts);
  const reading = {
    type: number("Device Type"),
    device: number("Device Id"),
    address: number("Addr"),
    bytes: number("Bytes"),
    total: number("Total Allocated"),
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

/** The events of one kind of memory as columns: a trace of some GB holds millions of them. */
class Readings {
  device = new Int32Array(1024);
  address = new Float64Array(1024);
  bytes = new Float64Array(1024);
  us = new Float64Array(1024);
  count = 0;
  ascending = true;
  addressed = false;
  /** Of each device: time of its first event, and the bytes that were allocated before it. */
  readonly start = new Map<number, { us: number; bytes: number }>();

  add(r: Reading): void {
    if (this.count === this.us.length) this.#grow();
    const at = this.count++;
    const device = Math.max(0, r.device || 0);
    const { us } = this.start.get(device) ?? { us: Infinity };
    if (r.us < us) this.start.set(device, { us: r.us, bytes: r.total - r.bytes });
    this.device[at] = device;
    this.address[at] = r.address;
    this.bytes[at] = r.bytes;
    this.us[at] = r.us;
    if (at > 0 && r.us < this.us[at - 1]) this.ascending = false;
    if (r.address > 0) this.addressed = true;
  }

  /** Indices of the events in the order of their times; equal times stay as they are. */
  order(): Uint32Array {
    const order = Uint32Array.from({ length: this.count }, (_, i) => i);
    return this.ascending ? order : order.sort((a, b) => this.us[a] - this.us[b] || a - b);
  }

  #grow(): void {
    const longer = <A extends Int32Array | Float64Array>(old: A): A => {
      const grown = new (old.constructor as new (n: number) => A)(2 * old.length);
      grown.set(old);
      return grown;
    };
    this.device = longer(this.device);
    this.address = longer(this.address);
    this.bytes = longer(this.bytes);
    this.us = longer(this.us);
  }
}

async function readEvents(input: ImportInput): Promise<{ gpu: Readings; cpu: Readings }> {
  const found = { gpu: new Readings(), cpu: new Readings() };
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  await forEachJsonValue(
    input,
    (path) =>
      path.length === 2 ? path[0] === "traceEvents" : path.length === 1 && path[0] !== "" &&
        typeof path[0] === "number",
    (bytes, _, line) => {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (!view.includes('"[memory]"')) return;
      const reading = readingOf(bytes, line, utf8);
      if (reading === null) return;
      if (GPU_TYPES.has(reading.type)) found.gpu.add(reading);
      else if (reading.type === CPU_TYPE) found.cpu.add(reading);
    },
  );
  return found;
}

/** What the allocator's own counter says was there before and nothing frees; null where it is not recorded. */
function heldBeforeOf(
  readings: Readings,
  matcher: AllocationMatcher,
): { device: number; bytes: number }[] | null {
  const freed = new Map<number, number>();
  for (const { device, size } of matcher.beforeBatches()) {
    device.forEach((d, i) => freed.set(d, (freed.get(d) ?? 0) + size[i]));
  }
  const starts = [...readings.start];
  if (starts.some(([, { bytes }]) => Number.isNaN(bytes))) return null;
  return starts.map(([device, { bytes }]) => ({ device, bytes: bytes - (freed.get(device) ?? 0) }))
    .filter(({ bytes }) => bytes > 0);
}

async function read(
  input: ImportInput,
  options?: ReadOptions,
): Promise<Trace<"allocations">> {
  const { gpu, cpu } = await readEvents(input);
  const chosen = gpu.count > 0 ? gpu : cpu;
  if (chosen.count === 0) {
    throw dataError(
      `${input.label}: the profiler trace has no [memory] event`,
      "record with torch.profiler.profile(profile_memory=True)",
    );
  }
  const notes = [counted(chosen.count, "[memory] event")];
  const matcher = new AllocationMatcher("all", options);
  const { addressed } = chosen;
  const order = chosen.order();
  const first = chosen.us[order[0]];
  for (const i of order) {
    const [address, bytes] = [chosen.address[i], chosen.bytes[i]];
    const event = {
      device: chosen.device[i],
      address: addressed ? address : NaN,
      bytes: Math.abs(bytes),
      timeNs: Math.round((chosen.us[i] - first) * 1000),
      stream: 0,
      site: -1,
    };
    if (addressed && Number.isNaN(address)) matcher.fail(event);
    else if (bytes > 0) matcher.allocate(event);
    else if (bytes < 0) matcher.free(event);
  }
  if (matcher.before > 0) notes.push(`${counted(matcher.before, "block")} live before the first`);
  const heldBefore = heldBeforeOf(chosen, matcher);
  if (heldBefore === null) notes.push("what was allocated before the trace is not recorded");
  else {
    for (const { device, bytes } of heldBefore) {
      notes.push(`${formatBytes(bytes)} on device ${device} from before the trace stay through it`);
    }
  }
  if (!addressed) {
    notes.push("no addresses: a free belongs to the last live allocation of its size");
  }
  if (gpu.count > 0 && cpu.count > 0) {
    notes.push(`dropped ${counted(cpu.count, "event")} of host memory`);
  }
  if (gpu.count === 0) notes.push("host memory: the trace has no event of a GPU");
  if (!chosen.ascending) notes.push("events were put in the order of their times");
  return await matchedTrace(input, "kineto", matcher, {
    sizeMeaning: "rounded",
    streams: ["0"],
    heldBefore: heldBefore ?? [],
    notes,
  });
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
