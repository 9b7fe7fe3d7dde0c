import type { DuckDBDataChunk, DuckDBListVector } from "@duckdb/node-api";
import {
  childItems,
  constantColumn,
  int32Column,
  rowNumberColumn,
  uint32Column,
  uint32ListColumn,
  wholeColumn,
} from "../bulk.ts";
import { decodeRuns, encodeRuns, type Lists } from "./block_runs.ts";
import { gather, rowsOf, type TraceCodec } from "./codec.ts";

/** The run lists of all chunks, end to end; null when the trace has no blocks. */
function gatherRuns(chunks: readonly DuckDBDataChunk[], index: number): Lists | null {
  const offsets = new Uint32Array(rowsOf(chunks) + 1);
  const parts: Uint32Array[] = [];
  let row = 0;
  let at = 0;
  let known = false;
  for (const chunk of chunks) {
    const vector = chunk.getColumnVector(index) as DuckDBListVector;
    const items = childItems<Uint32Array>(vector);
    for (let i = 0; i < chunk.rowCount; i++) {
      const length = vector.getEntryLength(i);
      const from = vector.getEntryOffset(i);
      offsets[row++] = at;
      // A list of one item, 0, stands for "no blocks": real lists have an even length.
      if (length === 1) continue;
      known = true;
      parts.push(items.subarray(from, from + length));
      at += length;
    }
  }
  offsets[row] = at;
  if (!known) return null;
  const values = new Uint32Array(at);
  let end = 0;
  for (const part of parts) {
    values.set(part, end);
    end += part.length;
  }
  return { offsets, values };
}

export const requestCodec: TraceCodec<"requests"> = {
  table: "request",
  write: (key, row, c) => [
    constantColumn(key),
    rowNumberColumn(row),
    wholeColumn(c.arrivalNs),
    uint32Column(c.inputTokens),
    uint32Column(c.outputTokens),
    int32Column(c.session, true),
    int32Column(c.turn, true),
    wholeColumn(c.thinkNs),
    uint32ListColumn(
      c.blockOffsets === null || c.blockIds === null
        ? null
        : encodeRuns(c.blockOffsets, c.blockIds),
    ),
  ],
  select: `SELECT arrival_ns::DOUBLE, input_tokens, output_tokens, coalesce(session, -1),
      coalesce(turn, -1), coalesce(think_ns::DOUBLE, 'nan'::DOUBLE),
      coalesce(block_runs, [0::UINTEGER])
    FROM private.request WHERE key = $1 ORDER BY row`,
  read: (chunks) => {
    const runs = gatherRuns(chunks, 6);
    const blocks = runs === null ? null : decodeRuns(runs);
    return {
      kind: "requests",
      count: rowsOf(chunks),
      arrivalNs: gather(chunks, 0, Float64Array),
      inputTokens: gather(chunks, 1, Uint32Array),
      outputTokens: gather(chunks, 2, Uint32Array),
      session: gather(chunks, 3, Int32Array),
      turn: gather(chunks, 4, Int32Array),
      thinkNs: gather(chunks, 5, Float64Array),
      blockOffsets: blocks === null ? null : blocks.offsets,
      blockIds: blocks === null ? null : blocks.values,
    };
  },
};
