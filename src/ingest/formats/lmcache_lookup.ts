import { dataError, messageOf } from "../../model/errors.ts";
import { DenseIds } from "../dense_ids.ts";
import { eachTextLine } from "../fault_events.ts";
import type { Importer, ImportHead, ImportInput } from "../importer.ts";
import { placeError } from "../place.ts";
import { RequestBuilder } from "../request_builder.ts";

type Loose = Record<string, unknown>;

function detect(head: ImportHead): number {
  const line = head.text.replace(/^\uFEFF/, "").split("\n", 1)[0];
  return /^\s*\{/.test(line) && /"chunk_hashes"\s*:\s*\[/.test(line) && /"timestamp"\s*:/.test(line)
    ? 0.97
    : 0;
}

/** A look-up as the log has it; older logs lack the length and the size of a chunk. */
interface Lookup {
  readonly seconds: number;
  readonly hashes: readonly string[];
  readonly tokens: number | null;
  readonly chunkTokens: number | null;
}

function lookupOf(entry: Loose, wrong: (message: string) => Error): Lookup {
  const { timestamp, chunk_hashes: hashes, seq_len: tokens, chunk_size: chunk } = entry;
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp)) {
    throw wrong('"timestamp" is no number of seconds');
  }
  if (
    !Array.isArray(hashes) || hashes.some((h) => typeof h !== "string" && typeof h !== "number")
  ) throw wrong('"chunk_hashes" is no list of hashes');
  const count = (value: unknown, name: string): number | null => {
    if (value === undefined || value === null) return null;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32) {
      return value;
    }
    throw wrong(`"${name}" is ${String(value)}, expected a count below 2^32`);
  };
  const found = {
    seconds: timestamp,
    hashes: hashes.map(String),
    tokens: count(tokens, "seq_len"),
    chunkTokens: count(chunk, "chunk_size"),
  };
  if (found.tokens !== null && found.chunkTokens !== null && found.chunkTokens > 0) {
    const expected = Math.floor(found.tokens / found.chunkTokens);
    if (hashes.length !== expected) {
      throw wrong(
        `${hashes.length} chunk hashes, but ${found.tokens} tokens hold ${expected} whole chunks of ` +
          `${found.chunkTokens}`,
      );
    }
  }
  return found;
}

/** The default of LMCache, for logs that do not say. */
const CHUNK_TOKENS = 256;

async function read(input: ImportInput) {
  const ids = new DenseIds();
  const lookups: Lookup[] = [];
  const models = new Set<string>();
  const chunks = new Set<number>();
  await eachTextLine(input, (text, line) => {
    const wrong = (message: string) => placeError(input.label, line, 1, message);
    let entry: Loose;
    try {
      entry = JSON.parse(text);
    } catch (error) {
      throw wrong(`not valid JSON: ${messageOf(error)}`);
    }
    const lookup = lookupOf(entry, wrong);
    lookups.push(lookup);
    if (typeof entry.model_name === "string") models.add(entry.model_name);
    if (lookup.chunkTokens !== null) chunks.add(lookup.chunkTokens);
  });
  if (chunks.size > 1) {
    throw dataError(
      `${input.label}: chunks of ${[...chunks].join(" and ")} tokens in one log`,
      "split it by chunk_size: their hashes mean different blocks",
    );
  }
  const chunkTokens = [...chunks][0] ?? CHUNK_TOKENS;
  // Workers of one server write in turns: the log is nearly in the order of time.
  const sorted = lookups.toSorted((a, b) => a.seconds - b.seconds);
  const moved = lookups.filter((lookup, i) => lookup !== sorted[i]).length;
  const first = sorted[0]?.seconds ?? 0;
  const builder = new RequestBuilder(true);
  let scratch = new Uint32Array(1024);
  for (const { seconds, hashes, tokens } of sorted) {
    if (hashes.length > scratch.length) scratch = new Uint32Array(2 * hashes.length);
    hashes.forEach((hash, i) => scratch[i] = ids.of(hash));
    builder.add(
      {
        arrivalNs: Math.round((seconds - first) * 1e9),
        inputTokens: tokens ?? hashes.length * chunkTokens,
        outputTokens: 0,
        session: -1,
        turn: -1,
        thinkNs: NaN,
      },
      scratch,
      hashes.length,
    );
  }
  return {
    kind: "requests" as const,
    name: input.label,
    format: "lmcache-lookup",
    sha256: await input.sha256(),
    rows: builder.rows,
    meta: { blockTokens: chunkTokens, uniqueBlocks: ids.next, arrivalSorted: true },
    notes: [
      `${builder.rows} look-ups of ${builder.references} chunks, ${ids.next} distinct`,
      "output lengths are not in the log: they are 0",
      "hashes were replaced by numbers; request ids and token ids were dropped",
      ...(chunks.size === 0
        ? [`the log does not say the chunk size: ${CHUNK_TOKENS} tokens assumed`]
        : []),
      ...(moved === 0 ? [] : [`${moved} rows stood out of order and were sorted by time`]),
      ...(models.size > 1 ? [`look-ups of ${models.size} models share the log`] : []),
    ],
    batches: () => builder.batches(),
  };
}

export const format: Importer<"requests"> = {
  name: "lmcache-lookup",
  kind: "requests",
  summary:
    "LMCache's look-up log (lookup_hashes_*.jsonl, chunk_hashes_*.jsonl): a look-up a request",
  reference:
    "LMCache/LMCache, lmcache/tools/cache_simulator and v1/lookup_client/record_strategies",
  detect,
  read,
};
