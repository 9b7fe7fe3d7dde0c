import { parseMemoryTimeline, TIMELINE_CATEGORIES } from "../../parse/memory_timeline.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { readAllText } from "../input.ts";
import { withPlaces } from "../place.ts";
import { createTensorBuilder } from "../tensor_builder.ts";

/** Below what an importer of allocations gives: whoever wants tensors asks for that kind. */
const CONFIDENCE = 0.4;

function detect(head: ImportHead): number {
  return /^\s*\[\s*\[\s*-?\d+\s*,\s*[1-4]\s*,\s*-?\d+\s*,\s*[0-7]\s*\]/.test(head.text)
    ? CONFIDENCE
    : 0;
}

async function read(input: ImportInput) {
  const text = await readAllText(input);
  const events = await withPlaces(input.label, () => parseMemoryTimeline(text));
  const builder = createTensorBuilder();
  const key = (category: number, bytes: number) => `${category}:${bytes}`;
  let lost = 0;
  let span = 0;
  // An increment leaves one category and enters another: two rows, one after the other.
  let leaving: string | null = null;
  for (const e of events) {
    span = Math.max(span, e.timeNs);
    const size = Math.abs(e.bytes);
    if (size === 0) continue;
    if (e.action === "preexisting" || e.action === "create") {
      builder.create(key(e.category, size), size, e.timeNs, e.category);
    } else if (e.action === "destroy") {
      if (!builder.destroy(key(e.category, size), e.timeNs)) lost++;
    } else if (e.bytes < 0) {
      leaving = key(e.category, size);
    } else {
      if (leaving === null || !builder.move(leaving, key(e.category, size), e.category)) lost++;
      leaving = null;
    }
  }
  const columns = builder.columns();
  const notes = [
    `${events.length.toLocaleString("en-US")} events, ${
      columns.count.toLocaleString("en-US")
    } tensors; the youngest of equal category and size is taken to end first`,
    ...(lost === 0 ? [] : [`${lost} events end or change a tensor that never began: left out`]),
  ];
  return {
    kind: "tensors" as const,
    name: input.label.replace(/^.*\//, "").replace(/(\.raw)?\.json(\.gz)?$/, ""),
    format: "tensor-timeline",
    sha256: await input.sha256(),
    rows: columns.count,
    meta: { categories: TIMELINE_CATEGORIES, spanNs: span },
    notes,
    async *batches() {
      yield await Promise.resolve(columns);
    },
  };
}

export const format: Importer<"tensors"> = {
  name: "tensor-timeline",
  kind: "tensors",
  summary: "lifetimes of tensors from PyTorch's categorised memory timeline",
  reference: "torch.profiler export_memory_timeline to *.raw.json.gz, PyTorch 2.1 on",
  detect,
  read,
};
