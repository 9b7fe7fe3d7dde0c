import type { RequestColumns } from "../../model/trace/requests.ts";
import type { Trace, TraceStream } from "../../model/trace/trace.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { forEachLine, lineChunks, type LineHandler } from "../lines.ts";
import { MooncakeReader } from "../mooncake_reader.ts";

function detect(head: ImportHead): number {
  const first = head.text.split("\n").find((line) => line.trim() !== "") ?? "";
  if (!/^\uFEFF?\s*\{/.test(first) || !/"input_length"\s*:/.test(first)) return 0;
  return /"(hash_ids|timestamp|output_length|session_id|delay)"\s*:/.test(first) ? 0.95 : 0.5;
}

async function read(input: ImportInput): Promise<Trace<"requests">> {
  const reader = new MooncakeReader();
  await forEachLine(input, (bytes, start, end, line) => reader.row(bytes, start, end, line));
  const summary = reader.summary(await input.sha256());
  return {
    kind: "requests",
    name: "",
    format: "mooncake",
    ...summary,
    batches: () => reader.batches(),
  };
}

function stream(input: ImportInput): TraceStream<"requests"> {
  const reader = new MooncakeReader();
  let sha256 = "";
  async function* batches(): AsyncGenerator<RequestColumns> {
    const row: LineHandler = (bytes, start, end, line) => reader.row(bytes, start, end, line);
    for await (const _ of lineChunks(input, row)) yield* reader.take(false);
    yield* reader.take(true);
    sha256 = await input.sha256();
  }
  return { kind: "requests", format: "mooncake", batches, finish: () => reader.summary(sha256) };
}

/**
 * Request traces of Mooncake: one object a line with `timestamp` (milliseconds), `input_length`,
 * `output_length` (tokens) and `hash_ids` (512-token blocks, prefix-chained); also with `session_id` and
 * `delay` (milliseconds after the turn before). Rules: timestamps may be equal but not descend (within a
 * session, where there are sessions); `hash_ids` holds `ceil(input_length / 512)` ids.
 */
export const format: Importer<"requests"> = {
  name: "mooncake",
  kind: "requests",
  summary: "Mooncake request trace, JSON lines with hash_ids of 512-token blocks",
  reference: "kvcache-ai/Mooncake, FAST25-release/traces; Mooncake (FAST 25) section 5",
  detect,
  read,
  stream,
};
