import { crc32 } from "node:zlib";

/**
 * The spool's bytes: an 8-byte magic, then records `u32 length, u32 crc, u8 type, payload`, little-endian;
 * length counts the payload, the CRC-32 covers type and payload. A reader stops at the first record that is
 * cut or whose CRC is wrong: whatever stands before it is whole.
 */
export const SPOOL_MAGIC = new Uint8Array([0x53, 0x50, 0x57, 0x53, 0x50, 0x4c, 0x31, 0x0a]);

export const RECORD_TYPES = {
  /** JSON: what the run is and who records it. Always the first record. */
  header: 1,
  /** JSON list of series; their numbers follow on. */
  series: 2,
  /** JSON string: the next reason for missing values. */
  reason: 3,
  /** u32 list of series that are read together; shapes are numbered as they come. */
  shape: 4,
  /** One reading of a shape: f64 time, u32 shape, bitmap of changed values, those values as f64. */
  frame: 5,
  /** JSON: a named mark. */
  mark: 6,
  /** JSON: what the recorder knows of itself and of its sources, every second. */
  state: 7,
  /** JSON: the end of the run. Absent when the recorder was killed. */
  footer: 8,
} as const;

export type RecordType = (typeof RECORD_TYPES)[keyof typeof RECORD_TYPES];

export const RECORD_HEAD_BYTES = 9;
/** No record is longer; a larger length is damage. */
export const MAX_PAYLOAD_BYTES = 16 * 2 ** 20;

/** A missing value is a NaN whose low word is the number of its reason: this is its high word. */
export const MISSING_HIGH_WORD = 0x7ff8_5350;

/** One record as bytes. */
export function encodeRecord(type: RecordType, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEAD_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[8] = type;
  bytes.set(payload, RECORD_HEAD_BYTES);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}

const encoder = new TextEncoder();

export function encodeJsonRecord(type: RecordType, value: unknown): Uint8Array {
  return encodeRecord(type, encoder.encode(JSON.stringify(value)));
}
