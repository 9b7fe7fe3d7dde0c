import { dataError, SpillwayError } from "../../model/errors.ts";
import { counted } from "../../model/plural.ts";
import { formatBytes } from "../../model/units.ts";
import {
  isLmcacheTrace,
  type LmcacheCall,
  lmcacheCall,
  LmcacheFrames,
  lmcacheHeader,
} from "../../parse/lmcache_trace.ts";
import { DenseIds } from "../dense_ids.ts";
import type { Importer, ImportInput } from "../importer.ts";
import { RequestBuilder } from "../request_builder.ts";

/** The default of LMCache, for traces whose shapes do not say. */
const CHUNK_TOKENS = 256;

/** What the calls of a trace add up to, beside its look-ups. */
class CallTotals {
  readonly ids = new DenseIds();
  readonly builder = new RequestBuilder(true);
  readonly models = new Set<string>();
  readonly chunkTokens = new Set<number>();
  stores = 0;
  storedObjects = 0;
  storedBytes: number | null = 0;
  prefetches = 0;
  others = 0;
  keysPerChunk = 1;
  #lookups: { seconds: number; blocks: Uint32Array }[] = [];

  add(call: LmcacheCall): void {
    for (const model of call.models) this.models.add(model);
    for (const { tokens } of call.layouts) if (tokens !== null) this.chunkTokens.add(tokens);
    if (call.name === "submit_prefetch_task") {
      if (call.mode !== null && call.mode !== "LOOKUP") this.prefetches++;
      else this.#lookup(call);
    } else if (call.name === "reserve_write") this.#store(call);
    else this.others++;
  }

  #lookup(call: LmcacheCall): void {
    if (call.chunks.length > 0) {
      this.keysPerChunk = Math.max(this.keysPerChunk, call.keys / call.chunks.length);
    }
    const blocks = Uint32Array.from(call.chunks, (chunk) => this.ids.of(chunk));
    this.#lookups.push({ seconds: call.seconds, blocks });
  }

  #store(call: LmcacheCall): void {
    this.stores++;
    this.storedObjects += call.keys;
    const bytes = call.layouts.length === 1 ? call.layouts[0].bytes : null;
    this.storedBytes = this.storedBytes === null || bytes === null
      ? null
      : this.storedBytes + bytes * call.keys;
  }

  /** The look-ups as requests, in the order of their times: threads of the server publish in turns. */
  end(tokens: number): { moved: number } {
    const sorted = this.#lookups.toSorted((a, b) => a.seconds - b.seconds);
    const moved = this.#lookups.filter((lookup, i) => lookup !== sorted[i]).length;
    const first = sorted[0]?.seconds ?? 0;
    for (const { seconds, blocks } of sorted) {
      this.builder.add(
        {
          arrivalNs: Math.round((seconds - first) * 1e9),
          inputTokens: blocks.length * tokens,
          outputTokens: 0,
          session: -1,
          turn: -1,
          thinkNs: NaN,
        },
        blocks,
        blocks.length,
      );
    }
    return { moved };
  }
}

async function scan(input: ImportInput) {
  const totals = new CallTotals();
  const frames = new LmcacheFrames();
  let record = 0;
  let version: string | null = null;
  try {
    for await (const chunk of input.chunks()) {
      for (const frame of frames.push(chunk)) {
        if (record === 0) version = lmcacheHeader(frame).version;
        else totals.add(lmcacheCall(frame));
        record++;
      }
    }
  } catch (error) {
    if (!(error instanceof SpillwayError)) throw error;
    throw dataError(
      `${input.label}: record ${record}: ${error.message}`,
      "record it again with lmcache server --trace-level storage",
    );
  }
  return { totals, version, calls: record - 1, cutBytes: frames.rest };
}

async function read(input: ImportInput) {
  const { totals, version, calls, cutBytes } = await scan(input);
  if (totals.chunkTokens.size > 1) {
    throw dataError(
      `${input.label}: chunks of ${[...totals.chunkTokens].join(" and ")} tokens in one trace`,
      "record the models apart: their hashes mean different blocks",
    );
  }
  const tokens = [...totals.chunkTokens][0] ?? CHUNK_TOKENS;
  const { moved } = totals.end(tokens);
  const { builder, ids } = totals;
  if (builder.rows === 0) {
    throw dataError(
      `${input.label}: ${counted(calls, "call")} and no look-up (submit_prefetch_task) among them`,
      "record while requests arrive; nothing was stored",
    );
  }
  const stored = totals.storedBytes === null ? "" : ` of ${formatBytes(totals.storedBytes)}`;
  return {
    kind: "requests" as const,
    name: input.label,
    format: "lmcache-trace",
    sha256: await input.sha256(),
    rows: builder.rows,
    meta: { blockTokens: tokens, uniqueBlocks: ids.next, arrivalSorted: true },
    notes: [
      `${counted(builder.rows, "look-up")} of ${builder.references} chunks, ${ids.next} distinct` +
      (version === null ? "" : ` (LMCache ${version})`),
      `${counted(totals.stores, "store")} of ${
        counted(totals.storedObjects, "object")
      }${stored}, ` +
      `${counted(totals.others, "other call")}: counted, not kept`,
      "the trace has whole chunks only: tokens behind the last chunk and output lengths are not in it",
      "hashes were replaced by numbers; keys, salts and request ids were dropped",
      ...(totals.chunkTokens.size === 0
        ? [`the trace does not say the chunk size: ${CHUNK_TOKENS} tokens assumed`]
        : []),
      ...(totals.prefetches === 0
        ? []
        : [`${counted(totals.prefetches, "prefetch", "prefetches")} of no request left out`]),
      ...(totals.keysPerChunk > 1
        ? [`up to ${totals.keysPerChunk} objects (ranks, groups of layers) are one chunk here`]
        : []),
      ...(totals.models.size > 1
        ? [`look-ups of ${totals.models.size} models share the trace`]
        : []),
      ...(moved === 0 ? [] : [`${moved} rows stood out of order and were sorted by time`]),
      ...(cutBytes === 0
        ? []
        : [`the file ends inside a record: its last ${counted(cutBytes, "byte")} were dropped`]),
    ],
    batches: () => builder.batches(),
  };
}

export const format: Importer<"requests"> = {
  name: "lmcache-trace",
  kind: "requests",
  summary:
    "LMCache's storage trace (lmcache server --trace-level storage, *.lct): a look-up a request",
  reference: "LMCache/LMCache, lmcache/v1/mp_observability/trace",
  detect: (head) => isLmcacheTrace(head.bytes) ? 0.99 : 0,
  read,
};
