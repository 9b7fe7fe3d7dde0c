import { decode } from "@msgpack/msgpack";
import { dataError, messageOf } from "../model/errors.ts";

/** A block's hash as the engine sent it: an integer in text, or bytes in hex. */
export type RawHash = string;

/** One event of a KV cache (vLLM, `distributed/kv_events.py`; SGLang and Dynamo send the same). */
export type KvEvent =
  | {
    readonly kind: "stored";
    readonly hashes: readonly RawHash[];
    readonly parent: RawHash | null;
    /** Tokens of a block. */
    readonly blockTokens: number;
    /** Tokens that the stored blocks hold together. Which tokens they are is not kept. */
    readonly tokens: number;
    readonly medium: string | null;
  }
  | {
    readonly kind: "removed";
    readonly hashes: readonly RawHash[];
    readonly medium: string | null;
  }
  | { readonly kind: "cleared" };

/** The payload of one message. */
export interface KvBatch {
  /** Seconds since 1970 by the engine's clock. */
  readonly unixSeconds: number;
  readonly events: readonly KvEvent[];
  readonly rank: number | null;
  /** Kinds of events that are not known here, for a note. */
  readonly unknown: readonly string[];
}

type Fields = (name: string, position: number) => unknown;

/** Structs come as maps by name, or in older engines as arrays by position. */
function fieldsOf(value: unknown): Fields | null {
  if (Array.isArray(value)) return (_, position) => value[position];
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    return (name) => (value as Record<string, unknown>)[name];
  }
  return null;
}

function hashOf(value: unknown): RawHash {
  if (value instanceof Uint8Array) {
    return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  if (typeof value === "bigint" || typeof value === "number") return value.toString();
  if (typeof value === "string") return value;
  throw dataError(`a block hash is a ${typeof value}, expected an integer or bytes`);
}

function hashesOf(value: unknown): RawHash[] {
  if (!Array.isArray(value)) throw dataError("block_hashes is no list");
  return value.map(hashOf);
}

const textOf = (value: unknown) => typeof value === "string" ? value : null;
const numberOf = (value: unknown) => value === null || value === undefined ? NaN : Number(value);

function eventOf(value: unknown): KvEvent | string {
  const fields = fieldsOf(value);
  if (fields === null) throw dataError("an event is neither a map nor an array");
  // In an array the tag stands first, so that the fields begin at 1.
  const tag = String(fields("type", 0));
  if (tag === "AllBlocksCleared") return { kind: "cleared" };
  if (tag === "BlockRemoved") {
    return {
      kind: "removed",
      hashes: hashesOf(fields("block_hashes", 1)),
      medium: textOf(fields("medium", 2)),
    };
  }
  if (tag !== "BlockStored") return tag;
  const hashes = hashesOf(fields("block_hashes", 1));
  const parent = fields("parent_block_hash", 2) ?? null;
  const tokens = fields("token_ids", 3);
  const blockTokens = numberOf(fields("block_size", 4));
  if (!Number.isInteger(blockTokens) || blockTokens <= 0) {
    throw dataError(
      `block_size is ${String(fields("block_size", 4))}, expected a positive integer`,
    );
  }
  return {
    kind: "stored",
    hashes,
    parent: parent === null ? null : hashOf(parent),
    blockTokens,
    tokens: Array.isArray(tokens) ? tokens.length : hashes.length * blockTokens,
    medium: textOf(fields("medium", 6)),
  };
}

/**
 * Reads one msgpack payload of the engine's event publisher.
 *
 * @throws data error saying what in it is not as the engine writes it.
 */
export function decodeKvBatch(payload: Uint8Array): KvBatch {
  let value: unknown;
  try {
    value = decode(payload, { useBigInt64: true });
  } catch (error) {
    throw dataError(`the payload is no msgpack: ${messageOf(error)}`);
  }
  const fields = fieldsOf(value);
  const events = fields?.("events", 1);
  const unixSeconds = numberOf(fields?.("ts", 0));
  if (!Array.isArray(events) || !Number.isFinite(unixSeconds)) {
    throw dataError("the payload has no time and list of events");
  }
  const read = events.map(eventOf);
  const rank = numberOf(fields?.("data_parallel_rank", 2));
  return {
    unixSeconds,
    events: read.filter((event) => typeof event !== "string"),
    rank: Number.isInteger(rank) ? rank : null,
    unknown: [...new Set(read.filter((event) => typeof event === "string"))],
  };
}

/** A big-endian sequence number of 8 bytes, or null when the part has another length. */
export function sequenceOf(bytes: Uint8Array): number | null {
  if (bytes.length !== 8) return null;
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0));
}
