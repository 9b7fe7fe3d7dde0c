import { z } from "zod";
import { dataError, messageOf } from "../../model/errors.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { readAllText } from "../input.ts";
import { allocationTrace } from "../torch_events.ts";

const state = z.enum([
  "active_allocated",
  "active_pending_free",
  "active_awaiting_free",
  "inactive",
]);

const schema = z.looseObject({
  allocator_settings: z.record(z.string(), z.unknown()).nullable().optional(),
  segments: z.array(z.looseObject({
    device: z.number().default(0),
    address: z.number(),
    total_size: z.number(),
    stream: z.number().default(0),
    segment_type: z.string().default("large"),
    is_expandable: z.boolean().default(false),
    segment_pool_id: z.tuple([z.number(), z.number()]).default([0, 0]),
    blocks: z.array(z.tuple([z.number(), z.number(), z.number().nullable(), state])),
  })),
  device_traces: z.array(z.array(
    z.tuple([z.string(), z.number(), z.number(), z.number(), z.number().nullable()]),
  )),
});

function detect(head: ImportHead): number {
  return /^\s*\{/.test(head.text) && head.text.includes('"segments"') &&
      /"blocks"\s*:\s*\[\s*\[/.test(head.text)
    ? 0.97
    : 0;
}

async function read(input: ImportInput) {
  let json: unknown;
  try {
    json = JSON.parse(await readAllText(input));
  } catch (error) {
    throw dataError(`${input.label}: not valid JSON: ${messageOf(error)}`, "fetch the file again");
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw dataError(`${input.label}: ${issue.path.join(".")}: ${issue.message}`);
  }
  const { segments, device_traces: traces, allocator_settings: settings } = parsed.data;
  const { columns, meta, notes } = allocationTrace({
    segments: segments.map((s) => ({
      device: s.device,
      address: s.address,
      totalSize: s.total_size,
      stream: s.stream,
      segmentType: s.segment_type === "small" ? "small" as const : "large" as const,
      poolId: s.segment_pool_id,
      isExpandable: s.is_expandable,
      blocks: s.blocks.map(([address, size, requestedSize, blockState]) => ({
        address,
        size,
        requestedSize: requestedSize ?? size,
        state: blockState === "active_awaiting_free" ? "active_pending_free" as const : blockState,
      })),
    })),
    traces: traces.map((events) =>
      events.map(([action, address, size, stream, timeUs]) => ({
        action,
        address,
        size,
        stream,
        timeUs,
      }))
    ),
    settings: settings ?? null,
  }, input.label);
  return {
    kind: "allocations" as const,
    name: input.label.replace(/^.*\//, "").replace(/\.json(\.gz)?$/, ""),
    format: "torch-events",
    sha256: await input.sha256(),
    rows: columns.count,
    meta,
    notes,
    async *batches() {
      yield await Promise.resolve(columns);
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
