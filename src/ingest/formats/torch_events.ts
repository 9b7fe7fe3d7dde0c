import { z } from "zod";
import { dataError } from "../../model/errors.ts";
import type { SnapshotSegment } from "../../model/trace/allocations.ts";
import type { Trace } from "../../model/trace/trace.ts";
import type { JsonPath } from "../../parse/json_items.ts";
import { PlaceError } from "../../parse/place_error.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachJsonValue } from "../json_values.ts";
import { type TorchEvent, TorchTraceBuilder } from "../torch_events.ts";

const state = z.enum([
  "active_allocated",
  "active_pending_free",
  "active_awaiting_free",
  "inactive",
]);

const segmentSchema = z.looseObject({
  device: z.number().default(0),
  address: z.number(),
  total_size: z.number(),
  stream: z.number().default(0),
  segment_type: z.string().default("large"),
  is_expandable: z.boolean().default(false),
  segment_pool_id: z.tuple([z.number(), z.number()]).default([0, 0]),
  blocks: z.array(z.tuple([z.number(), z.number(), z.number().nullable(), state])),
});

const settingsSchema = z.record(z.string(), z.unknown()).nullable();

function jsonOf(bytes: Uint8Array, line: number, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new PlaceError(line, 1, `${what} is not valid JSON`, "fetch the file again");
  }
}

function segmentOf(json: unknown, line: number): SnapshotSegment {
  const parsed = segmentSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new PlaceError(line, 1, `segment: ${issue.path.join(".")}: ${issue.message}`);
  }
  const s = parsed.data;
  return {
    device: s.device,
    address: s.address,
    totalSize: s.total_size,
    stream: s.stream,
    segmentType: s.segment_type === "small" ? "small" : "large",
    poolId: s.segment_pool_id,
    isExpandable: s.is_expandable,
    blocks: s.blocks.map(([address, size, requestedSize, blockState]) => ({
      address,
      size,
      requestedSize: requestedSize ?? size,
      state: blockState === "active_awaiting_free" ? "active_pending_free" : blockState,
    })),
  };
}

function eventOf(json: unknown, line: number): TorchEvent {
  const [action, address, size, stream, timeUs] = Array.isArray(json) ? json : [];
  const fine = typeof action === "string" && [address, size, stream].every(Number.isFinite) &&
    (timeUs === null || Number.isFinite(timeUs));
  if (!fine) {
    throw new PlaceError(
      line,
      1,
      `expected an event [action, addr, size, stream, time or null], but found ${
        JSON.stringify(json).slice(0, 80)
      }`,
    );
  }
  return { action, address, size, stream, timeUs, site: null };
}

function detect(head: ImportHead): number {
  return /^\s*\{/.test(head.text) && head.text.includes('"segments"') &&
      /"blocks"\s*:\s*\[\s*\[/.test(head.text)
    ? 0.97
    : 0;
}

async function read(input: ImportInput): Promise<Trace<"allocations">> {
  const builder = new TorchTraceBuilder();
  let settings: Record<string, unknown> | null = null;
  let traces = false;
  const wanted = (path: JsonPath) =>
    path.length === 1
      ? path[0] === "allocator_settings"
      : path[0] === "segments"
      ? path.length === 2
      : path[0] === "device_traces" && path.length === 3;
  await forEachJsonValue(input, wanted, (bytes, path, line) => {
    if (path[0] === "segments") builder.segment(segmentOf(jsonOf(bytes, line, "a segment"), line));
    else if (path[0] === "device_traces") {
      traces = true;
      builder.event(Number(path[1]), eventOf(jsonOf(bytes, line, "an event"), line));
    } else {
      const parsed = settingsSchema.safeParse(jsonOf(bytes, line, "allocator_settings"));
      if (!parsed.success) throw new PlaceError(line, 1, "allocator_settings is no object");
      settings = parsed.data;
    }
  });
  if (!traces) {
    throw dataError(`${input.label}: there is no event in device_traces`, "fetch the file again");
  }
  const { rows, batches, meta, notes } = builder.finish(settings, input.label);
  return {
    kind: "allocations",
    name: input.label.replace(/^.*\//, "").replace(/\.json(\.gz)?$/, ""),
    format: "torch-events",
    sha256: await input.sha256(),
    rows,
    meta,
    notes,
    async *batches() {
      yield* await Promise.resolve(batches);
    },
  };
}

export const format: Importer<"allocations"> = {
  name: "torch-events",
  kind: "allocations",
  summary: "a PyTorch memory snapshot reduced to numbers, as JSON",
  reference:
    "segments with blocks [address, size, requested, state] and events [action, addr, size, stream, time]",
  detect,
  read,
};
