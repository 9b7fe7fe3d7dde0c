import { decode } from "@msgpack/msgpack";
import { dataError, messageOf } from "../model/errors.ts";

/** What stands first in a storage trace of LMCache. */
export interface LmcacheTraceHeader {
  readonly level: string;
  /** Release that recorded it; older and newer files do not say. */
  readonly version: string | null;
}

/** A call of LMCache's storage manager. Keys of one chunk (a rank, a group of layers) are one chunk here. */
export interface LmcacheCall {
  /** Seconds since the recorder started. */
  readonly seconds: number;
  /** Last part of the qualified name: `submit_prefetch_task`, `reserve_write`, `__enter__`. */
  readonly name: string;
  /** Why it prefetches (`LOOKUP`), null where it does not say. */
  readonly mode: string | null;
  /** Model and hash of each chunk, in the order of the prompt. */
  readonly chunks: readonly string[];
  /** Keys that name these chunks: more than chunks where ranks or groups have objects of their own. */
  readonly keys: number;
  readonly models: readonly string[];
  /** Shapes of the objects that it reads or writes. */
  readonly layouts: readonly LmcacheLayout[];
}

/** Tensors of one object: `bytes` null where a data type is not known here. */
export interface LmcacheLayout {
  readonly bytes: number | null;
  /** Tokens of a chunk where a shape is [2 or 1, layers, tokens, width], else null. */
  readonly tokens: number | null;
}

const MAGIC = "LMCT";
const VERSION = 1;
/** A record holds the keys of one call; a larger length is damage. */
const MAX_FRAME_BYTES = 256 * 2 ** 20;

const DTYPE_BYTES: Readonly<Record<string, number>> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  float16: 2,
  bfloat16: 2,
  int16: 2,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  int8: 1,
  uint8: 1,
};

type Loose = Record<string, unknown>;

const isMap = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  !(value instanceof Uint8Array);

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Whether the first bytes are a header: a length, then a msgpack map that names the magic. */
export function isLmcacheTrace(bytes: Uint8Array): boolean {
  const head = new TextDecoder("latin1").decode(bytes.subarray(4, 96));
  return bytes.length > 8 && /magic.{0,3}LMCT/s.test(head);
}

/**
 * Cuts a stream into frames: four bytes with the length (most significant first), then that many of msgpack.
 *
 * @throws data error at a length that no record has.
 */
export class LmcacheFrames {
  #rest = new Uint8Array(0);
  #offset = 0;

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    const view = new DataView(bytes.buffer);
    let at = 0;
    while (at + 4 <= bytes.length) {
      const length = view.getUint32(at);
      if (length === 0 || length > MAX_FRAME_BYTES) {
        throw dataError(`at byte ${this.#offset + at}: a record of ${length} bytes`);
      }
      if (at + 4 + length > bytes.length) break;
      yield bytes.subarray(at + 4, at + 4 + length);
      at += 4 + length;
    }
    this.#offset += at;
    this.#rest = bytes.slice(at);
  }

  /** Bytes of a record that was cut off: a killed recorder leaves them. */
  get rest(): number {
    return this.#rest.length;
  }
}

function mapOf(frame: Uint8Array, what: string): Loose {
  let value: unknown;
  try {
    value = decode(frame, { useBigInt64: true });
  } catch (error) {
    throw dataError(`the ${what} is no msgpack: ${messageOf(error)}`);
  }
  if (!isMap(value)) throw dataError(`the ${what} is no map`);
  return value;
}

/** @throws data error for another format, version or level: their records mean something else. */
export function lmcacheHeader(frame: Uint8Array): LmcacheTraceHeader {
  const header = mapOf(frame, "header");
  const magic = header.magic instanceof Uint8Array
    ? new TextDecoder().decode(header.magic)
    : header.magic;
  if (magic !== MAGIC) throw dataError(`the header has not the magic ${MAGIC}`);
  const version = Number(header.format_version);
  if (version !== VERSION) {
    throw dataError(`the format has version ${String(header.format_version)}, expected ${VERSION}`);
  }
  const level = String(header.level);
  if (level !== "storage") {
    throw dataError(`the trace has the level "${level}", expected "storage"`);
  }
  return {
    level,
    version: typeof header.lmcache_version === "string" ? header.lmcache_version : null,
  };
}

function layoutOf(value: Loose): LmcacheLayout {
  const shapes = Array.isArray(value.shapes) ? value.shapes : [];
  const dtypes = Array.isArray(value.dtypes) ? value.dtypes : [];
  let bytes: number | null = 0;
  let tokens: number | null = null;
  shapes.forEach((shape, i) => {
    const sizes = (Array.isArray(shape) ? shape : []).map(Number);
    const width = DTYPE_BYTES[String(dtypes[i]).replace(/^torch\./, "")];
    const count = sizes.reduce((a, b) => a * b, 1);
    bytes = bytes === null || width === undefined || !Number.isSafeInteger(count)
      ? null
      : bytes + width * count;
    if (sizes.length === 4 && (sizes[0] === 1 || sizes[0] === 2)) tokens ??= sizes[2];
  });
  return { bytes, tokens };
}

/**
 * A record. Arguments changed their names with the releases, so keys and shapes are found by the tag that
 * LMCache's codecs put around them (`{"__t__": "ObjectKey", "v": …}`), wherever they stand.
 *
 * @throws data error when it has no time or no name.
 */
export function lmcacheCall(frame: Uint8Array): LmcacheCall {
  const record = mapOf(frame, "record");
  const seconds = Number(record.t_mono);
  if (!Number.isFinite(seconds) || typeof record.qualname !== "string") {
    throw dataError("the record has no time t_mono or no qualname");
  }
  const chunks = new Set<string>();
  const models = new Set<string>();
  const layouts: LmcacheLayout[] = [];
  let keys = 0;
  let mode: string | null = null;
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isMap(value)) return;
    const inner = value.v;
    if (value.__t__ === "PrefetchMode") mode = String(inner);
    else if (value.__t__ === "MemoryLayoutDesc" && isMap(inner)) layouts.push(layoutOf(inner));
    else if (value.__t__ === "ObjectKey" && isMap(inner)) {
      const hash = inner.chunk_hash;
      const model = String(inner.model_name);
      keys++;
      models.add(model);
      chunks.add(`${model}\0${hash instanceof Uint8Array ? hex(hash) : String(hash)}`);
    } else Object.values(value).forEach(visit);
  };
  visit(record.args);
  return {
    seconds,
    name: record.qualname.split(".").at(-1)!,
    mode,
    chunks: [...chunks],
    keys,
    models: [...models],
    layouts,
  };
}
