import { dataError, messageOf } from "../../model/errors.ts";
import { type KinetoMemoryEvent, kinetoMemoryEvents } from "../../parse/kineto_memory.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { readAllText } from "../input.ts";
import { createTensorBuilder } from "../tensor_builder.ts";

const CATEGORIES = ["tensor", "before the trace"] as const;

/** Below what an importer of allocations gives: whoever wants tensors asks for that kind. */
const CONFIDENCE = 0.4;

function detect(head: ImportHead): number {
  return /^\s*\{/.test(head.text) &&
      /"traceEvents"\s*:|"schemaVersion"\s*:|"deviceProperties"\s*:/.test(head.text)
    ? CONFIDENCE
    : 0;
}

/** The device with the most bytes allocated; GPUs before the host. */
function mainDevice(events: readonly KinetoMemoryEvent[]): string {
  const bytes = new Map<string, number>();
  for (const e of events) bytes.set(e.device, (bytes.get(e.device) ?? 0) + Math.max(0, e.bytes));
  return [...bytes].sort(([a, x], [b, y]) => a === "cpu" ? 1 : b === "cpu" ? -1 : y - x)[0][0];
}

/** Frees without an allocation are of tensors that lived before the trace. */
function rebuild(events: readonly KinetoMemoryEvent[]) {
  const builder = createTensorBuilder();
  const keyOf = (e: KinetoMemoryEvent) => `${e.address ?? "size"}:${Math.abs(e.bytes)}`;
  const alive = new Map<string, number>();
  let earlier = 0;
  // What lived before comes first, so that starts do not descend.
  for (const e of events) {
    const key = keyOf(e);
    const count = alive.get(key) ?? 0;
    if (e.bytes > 0) alive.set(key, count + 1);
    else if (e.bytes < 0 && count > 0) alive.set(key, count - 1);
    else if (e.bytes < 0) {
      builder.create(key, -e.bytes, 0, 1);
      earlier -= e.bytes;
    }
  }
  const first = events[0];
  const before = first.totalBytes === null ? null : first.totalBytes - first.bytes;
  if (before !== null && before > earlier) builder.create("rest", before - earlier, 0, 1);
  for (const e of events) {
    if (e.bytes > 0) builder.create(keyOf(e), e.bytes, e.timeNs, 0);
    else if (e.bytes < 0) builder.destroy(keyOf(e), e.timeNs);
  }
  return { columns: builder.columns(), before };
}

async function read(input: ImportInput) {
  let document: unknown;
  try {
    document = JSON.parse(await readAllText(input));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw dataError(
        `${input.label}: not valid JSON: ${messageOf(error)}`,
        "fetch the file again",
      );
    }
    throw error;
  }
  const parsed = kinetoMemoryEvents(document);
  if (parsed === null) throw dataError(`${input.label}: there is no list "traceEvents"`);
  if (parsed.events.length === 0) {
    throw dataError(
      `${input.label}: the profiler trace has no memory events`,
      "record it with torch.profiler.profile(profile_memory=True)",
    );
  }
  const device = mainDevice(parsed.events);
  const events = parsed.events.filter((e) => e.device === device);
  const { columns, before } = rebuild(events);
  const others = parsed.events.length - events.length;
  const addressed = events.every((e) => e.address !== null);
  return {
    kind: "tensors" as const,
    name: input.label.replace(/^.*\//, "").replace(/(\.pt\.trace)?\.json(\.gz)?$/, ""),
    format: "kineto-tensors",
    sha256: await input.sha256(),
    rows: columns.count,
    meta: { categories: CATEGORIES, spanNs: events.at(-1)!.timeNs },
    notes: [
      `${events.length.toLocaleString("en-US")} memory events of ${device}` +
      (others === 0 ? "" : `; ${others.toLocaleString("en-US")} of other devices left out`),
      addressed
        ? "tensors are followed by their address; sizes are the allocator's blocks"
        : "the trace has no addresses: the youngest tensor of a size is taken to be freed first",
      ...(before === null ? ["what was allocated before the trace is not recorded"] : []),
      ...(parsed.damaged === 0
        ? []
        : [`${parsed.damaged} memory events without size or time left out`]),
    ],
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}

export const format: Importer<"tensors"> = {
  name: "kineto-tensors",
  kind: "tensors",
  summary: "lifetimes of tensors from the memory events of a PyTorch profiler trace",
  reference: "torch.profiler Chrome trace with profile_memory, 2021 to 2026",
  detect,
  read,
};
