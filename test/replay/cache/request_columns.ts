import type { RequestColumns } from "../../../src/model/trace/requests.ts";

/** A request trace in memory from block lists (dense ids), for tests. */
export function columnsOf(
  lists: readonly (readonly number[])[],
  extra: { blockTokens?: number; inputTokens?: readonly number[]; seconds?: readonly number[] } =
    {},
): RequestColumns {
  const offsets = [0];
  for (const list of lists) offsets.push(offsets[offsets.length - 1] + list.length);
  const tokens = extra.blockTokens ?? 1;
  return {
    kind: "requests",
    count: lists.length,
    arrivalNs: Float64Array.from(lists, (_, i) => (extra.seconds?.[i] ?? i) * 1e9),
    inputTokens: Uint32Array.from(lists, (l, i) => extra.inputTokens?.[i] ?? l.length * tokens),
    outputTokens: new Uint32Array(lists.length).fill(1),
    session: new Int32Array(lists.length).fill(-1),
    turn: new Int32Array(lists.length).fill(-1),
    thinkNs: new Float64Array(lists.length).fill(NaN),
    blockOffsets: Uint32Array.from(offsets),
    blockIds: Uint32Array.from(lists.flat()),
  };
}

/** The Mooncake lines of a text as columns, with the ids made dense in order of first appearance. */
export function mooncakeColumns(text: string): { columns: RequestColumns; uniqueBlocks: number } {
  const dense = new Map<number, number>();
  const rows = text.trim().split("\n").map((line) => JSON.parse(line));
  const lists = rows.map((row) =>
    row.hash_ids.map((id: number) => {
      if (!dense.has(id)) dense.set(id, dense.size);
      return dense.get(id)!;
    })
  );
  const columns = columnsOf(lists, {
    inputTokens: rows.map((row) => row.input_length),
    seconds: rows.map((row) => row.timestamp / 1e3),
  });
  return { columns, uniqueBlocks: dense.size };
}
