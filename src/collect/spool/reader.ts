import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import { dataError, messageOf } from "../../model/errors.ts";
import type { SampleColumns, SampleSeries } from "../../model/trace/samples.ts";
import {
  MAX_PAYLOAD_BYTES,
  MISSING_HIGH_WORD,
  RECORD_HEAD_BYTES,
  RECORD_TYPES,
  SPOOL_MAGIC,
} from "./codec.ts";
import type { SpoolFooter, SpoolHeader, SpoolMark, SpoolState } from "./records.ts";

/** Everything of a spool but its samples, which `batches` streams. */
export interface Spool {
  readonly path: string;
  readonly header: SpoolHeader;
  readonly series: readonly SampleSeries[];
  readonly reasons: readonly string[];
  readonly marks: readonly SpoolMark[];
  /** The last state written, null when the recorder died in its first second. */
  readonly state: SpoolState | null;
  /** Null when the recorder did not end in order. */
  readonly footer: SpoolFooter | null;
  /** Time of the last whole reading, nanoseconds from the start. */
  readonly lastTimeNs: number;
  readonly frames: number;
  /** Samples of each series. */
  readonly counts: readonly number[];
  /** Where and why reading stopped before the end of the file; null when the file is whole. */
  readonly torn: { readonly offset: number; readonly reason: string } | null;
  batches(rows?: number): AsyncIterable<SampleColumns>;
}

interface RawRecord {
  readonly type: number;
  readonly payload: Uint8Array;
}

type Torn = { offset: number; reason: string } | null;

/** Streams the whole records of a file; `stop` learns where and why it ended early. */
function* records(path: string, until: number, stop: (torn: Torn) => void): Generator<RawRecord> {
  const descriptor = openSync(path, "r");
  try {
    const size = Math.min(until, fstatSync(descriptor).size);
    let buffer = new Uint8Array(1 << 20);
    let bufferStart = 0;
    let bufferLength = 0;
    const need = (offset: number, bytes: number): Uint8Array | null => {
      if (offset + bytes > size) return null;
      if (offset < bufferStart || offset + bytes > bufferStart + bufferLength) {
        if (bytes > buffer.length) buffer = new Uint8Array(bytes * 2);
        bufferStart = offset;
        bufferLength = 0;
        while (bufferLength < bytes) {
          const got = readSync(
            descriptor,
            buffer,
            bufferLength,
            buffer.length - bufferLength,
            bufferStart + bufferLength,
          );
          if (got === 0) return null;
          bufferLength += got;
        }
      }
      return buffer.subarray(offset - bufferStart, offset - bufferStart + bytes);
    };
    let offset = SPOOL_MAGIC.length;
    while (offset < size) {
      const head = need(offset, RECORD_HEAD_BYTES);
      if (head === null) return stop({ offset, reason: "the last record is cut" });
      const view = new DataView(head.buffer, head.byteOffset, RECORD_HEAD_BYTES);
      const length = view.getUint32(0, true);
      const crc = view.getUint32(4, true);
      if (length > MAX_PAYLOAD_BYTES) return stop({ offset, reason: "a record's length is wrong" });
      const whole = need(offset, RECORD_HEAD_BYTES + length);
      if (whole === null) return stop({ offset, reason: "the last record is cut" });
      if (crc32(whole.subarray(8)) !== crc) {
        return stop({ offset, reason: "a record's checksum is wrong" });
      }
      yield { type: whole[8], payload: whole.subarray(RECORD_HEAD_BYTES) };
      offset += RECORD_HEAD_BYTES + length;
    }
    stop(null);
  } finally {
    closeSync(descriptor);
  }
}

function checkMagic(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    throw dataError(`${path}: cannot be read: ${messageOf(error)}`);
  }
  try {
    const magic = new Uint8Array(SPOOL_MAGIC.length);
    const got = readSync(descriptor, magic, 0, magic.length, 0);
    if (got < magic.length || magic.some((byte, i) => byte !== SPOOL_MAGIC[i])) {
      throw dataError(
        `${path}: not a Spillway spool: its first bytes are not "SPWSPL1"`,
        "spools lie beside the store and end in .spool",
      );
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Decodes frames into columns; keeps the last value of each series, since frames hold changes only. */
class FrameDecoder {
  private shapes: Uint32Array[] = [];
  private lastWords = new Uint32Array(2048);

  addShape(payload: Uint8Array): void {
    this.shapes.push(new Uint32Array(payload.slice().buffer));
  }

  /** Calls `row(series, low, high)` for each value of a frame; returns the frame's time. */
  decode(payload: Uint8Array, row: (series: number, low: number, high: number) => void): number {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const shape = this.shapes[view.getUint32(8, true)];
    if (shape === undefined) throw dataError("a reading names a shape that was not defined");
    let at = 12 + ((shape.length + 7) >> 3);
    for (let i = 0; i < shape.length; i++) {
      const series = shape[i];
      if (2 * series + 1 >= this.lastWords.length) {
        const larger = new Uint32Array(Math.max(this.lastWords.length * 2, 2 * series + 2));
        larger.set(this.lastWords);
        this.lastWords = larger;
      }
      if ((payload[12 + (i >> 3)] >> (i & 7)) & 1) {
        this.lastWords[2 * series] = view.getUint32(at, true);
        this.lastWords[2 * series + 1] = view.getUint32(at + 4, true);
        at += 8;
      }
      row(series, this.lastWords[2 * series], this.lastWords[2 * series + 1]);
    }
    return view.getFloat64(0, true);
  }
}

const decoder = new TextDecoder();

/**
 * Reads a spool. A torn tail (the recorder was killed, the disk was full) is no error: all whole records
 * before it count, and `torn` tells.
 *
 * @throws {SpillwayError} data error when the file is no spool or its header is missing.
 */
export function readSpool(path: string): Spool {
  checkMagic(path);
  let header: SpoolHeader | null = null;
  let state: SpoolState | null = null;
  let footer: SpoolFooter | null = null;
  let torn: Torn = null;
  let lastTimeNs = 0;
  let frames = 0;
  const series: SampleSeries[] = [];
  const reasons: string[] = [];
  const marks: SpoolMark[] = [];
  const counts: number[] = [];
  const shapes: Uint32Array[] = [];
  const json = (payload: Uint8Array): unknown => JSON.parse(decoder.decode(payload));
  for (const { type, payload } of records(path, Infinity, (t) => torn = t)) {
    switch (type) {
      case RECORD_TYPES.header:
        header = json(payload) as SpoolHeader;
        break;
      case RECORD_TYPES.series:
        for (const one of json(payload) as SampleSeries[]) {
          series.push(one);
          counts.push(0);
        }
        break;
      case RECORD_TYPES.reason:
        reasons.push(json(payload) as string);
        break;
      case RECORD_TYPES.shape:
        shapes.push(new Uint32Array(payload.slice().buffer));
        break;
      case RECORD_TYPES.frame: {
        const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
        for (const id of shapes[view.getUint32(8, true)] ?? []) counts[id]++;
        lastTimeNs = Math.max(lastTimeNs, view.getFloat64(0, true));
        frames++;
        break;
      }
      case RECORD_TYPES.mark:
        marks.push(json(payload) as SpoolMark);
        break;
      case RECORD_TYPES.state:
        state = json(payload) as SpoolState;
        break;
      case RECORD_TYPES.footer:
        footer = json(payload) as SpoolFooter;
        break;
    }
  }
  if (header === null || header.format !== "spillway-spool/1") {
    throw dataError(
      `${path}: the spool has no readable header`,
      "the recorder died before it wrote anything; the file can be deleted",
    );
  }
  const end = (torn as Torn)?.offset ?? Infinity;
  return {
    path,
    header,
    series,
    reasons,
    marks,
    state,
    footer,
    lastTimeNs,
    frames,
    counts,
    torn,
    batches: (rows = 65536) => batches(path, end, rows),
  };
}

async function* batches(path: string, end: number, rows: number): AsyncIterable<SampleColumns> {
  const frames = new FrameDecoder();
  let timeNs = new Float64Array(rows);
  let series = new Uint32Array(rows);
  let value = new Float64Array(rows);
  let reason = new Int32Array(rows);
  let count = 0;
  const words = new DataView(new ArrayBuffer(8));
  const take = (): SampleColumns => {
    const batch: SampleColumns = {
      kind: "samples",
      count,
      timeNs: timeNs.subarray(0, count),
      series: series.subarray(0, count),
      value: value.subarray(0, count),
      reason: reason.subarray(0, count),
    };
    const next = Math.max(rows, timeNs.length);
    timeNs = new Float64Array(next);
    series = new Uint32Array(next);
    value = new Float64Array(next);
    reason = new Int32Array(next);
    count = 0;
    return batch;
  };
  const grow = () => {
    const next = timeNs.length * 2;
    const larger = <T extends { set(array: T): void }>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    timeNs = larger(timeNs, new Float64Array(next));
    series = larger(series, new Uint32Array(next));
    value = larger(value, new Float64Array(next));
    reason = larger(reason, new Int32Array(next));
  };
  for (const { type, payload } of records(path, end, () => {})) {
    if (type === RECORD_TYPES.shape) frames.addShape(payload);
    if (type !== RECORD_TYPES.frame) continue;
    const first = count;
    const time = frames.decode(payload, (id, low, high) => {
      if (count === timeNs.length) grow();
      series[count] = id;
      if (high === MISSING_HIGH_WORD) {
        value[count] = NaN;
        reason[count] = low;
      } else {
        words.setUint32(0, low, true);
        words.setUint32(4, high, true);
        value[count] = words.getFloat64(0, true);
        reason[count] = -1;
      }
      count++;
    });
    timeNs.fill(time, first, count);
    if (count >= rows) yield take();
  }
  if (count > 0) yield take();
}
